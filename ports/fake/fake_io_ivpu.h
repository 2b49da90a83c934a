/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What only ivpu asks of its surroundings: two windows of registers and an interrupt of a PCI
 * function. The function is one of QEMU's, which has neither.
 */
#ifndef _FAKE_IO_IVPU_H_
#define _FAKE_IO_IVPU_H_

#include <linux/pci.h>

void __iomem *FAKE(map)(const struct pci_dev *pdev, const struct resource *bar);
int FAKE(irq)(const struct pci_dev *pdev);

#undef writeq
#define writeq(value, addr) FAKE(writeq)(value, addr)
#define devm_ioremap_resource(dev, bar) FAKE(map)(to_pci_dev(dev), bar)
#define pci_alloc_irq_vectors(pdev, min, max, flags) ((void)(pdev), 1)
#define pci_irq_vector(pdev, nr) FAKE(irq)(pdev)

#endif
