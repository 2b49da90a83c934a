// SPDX-License-Identifier: GPL-2.0
/*
 * Makes race windows wide: whoever gets to a function that is named here waits there for a
 * while, now and then, before it goes on.
 *
 * /sys/kernel/debug/uma_delay/probes takes one line a write:
 *
 *   SYMBOL MICROSECONDS EVERY	wait at the entry of a function, each EVERY-th time
 *   SYMBOL%return ...		wait where it returns
 *   clear			forget all of them
 *
 * and shows SYMBOL MICROSECONDS EVERY HITS WAITS MISSED for each. Which windows there
 * are, and what they stand for, is in the table of tests/stress/window.c.
 *
 * A handler of a kprobe must not sleep, so the wait is a busy one, of a CPU that cannot be
 * preempted: the race is with the other CPUs. Locks that the function's caller holds are
 * held for so much longer.
 */
#include <linux/atomic.h>
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kprobes.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#define UMA_DELAY_SYMBOL	96
#define UMA_DELAY_LINE		128
/* Far below what the watchdogs of the kernel and of jobs allow. */
#define UMA_DELAY_MAX_US	300000
/* udelay() takes only so much. */
#define UMA_DELAY_STEP_US	500u
/* Threads that can be inside of one function, for a wait at its return. */
#define UMA_DELAY_ACTIVE	64

/**
 * struct uma_delay - one window
 */
struct uma_delay {
	/** @link: in uma_delay_list. */
	struct list_head link;
	/** @probe: at the return; its kp alone for one at the entry. */
	struct kretprobe probe;
	/** @at_return: which of the two. */
	bool at_return;
	/** @usecs: how long. */
	unsigned int usecs;
	/** @every: how often. */
	unsigned int every;
	/** @hits: calls so far. */
	atomic_t hits;
	/** @waits: calls that had to wait. */
	atomic_t waits;
	/** @symbol: name of the function. */
	char symbol[UMA_DELAY_SYMBOL];
};

static LIST_HEAD(uma_delay_list);
/* Guards uma_delay_list; never taken by a handler. */
static DEFINE_MUTEX(uma_delay_lock);
static struct dentry *uma_delay_dir;

/* Not by the clock: interrupts can be off here, and some clocks stand still then. */
static void uma_delay_hit(struct uma_delay *delay)
{
	unsigned int left;

	/* The first one waits, too. */
	if (((unsigned int)atomic_inc_return(&delay->hits) - 1) % delay->every)
		return;
	atomic_inc(&delay->waits);
	for (left = delay->usecs; left; left -= min(left, UMA_DELAY_STEP_US))
		udelay(min(left, UMA_DELAY_STEP_US));
}

static int uma_delay_entry(struct kprobe *kp, struct pt_regs *regs)
{
	uma_delay_hit(container_of(kp, struct uma_delay, probe.kp));
	return 0;
}

static int uma_delay_return(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	struct kretprobe *probe = get_kretprobe(instance);

	if (probe)
		uma_delay_hit(container_of(probe, struct uma_delay, probe));
	return 0;
}

static int uma_delay_register(struct uma_delay *delay)
{
	delay->probe.kp.symbol_name = delay->symbol;
	if (!delay->at_return) {
		delay->probe.kp.pre_handler = uma_delay_entry;
		return register_kprobe(&delay->probe.kp);
	}
	delay->probe.handler = uma_delay_return;
	delay->probe.maxactive = UMA_DELAY_ACTIVE;
	return register_kretprobe(&delay->probe);
}

static void uma_delay_unregister(struct uma_delay *delay)
{
	if (delay->at_return)
		unregister_kretprobe(&delay->probe);
	else
		unregister_kprobe(&delay->probe.kp);
}

static int uma_delay_add(const char *symbol, unsigned int usecs, unsigned int every)
{
	struct uma_delay *delay;
	char *suffix;
	int ret;

	if (usecs > UMA_DELAY_MAX_US || !every)
		return -EINVAL;
	delay = kzalloc_obj(*delay, GFP_KERNEL);
	if (!delay)
		return -ENOMEM;
	strscpy(delay->symbol, symbol);
	suffix = strchr(delay->symbol, '%');
	if (suffix) {
		delay->at_return = !strcmp(suffix, "%return");
		*suffix = 0;
	}
	delay->usecs = usecs;
	delay->every = every;
	ret = suffix && !delay->at_return ? -EINVAL : uma_delay_register(delay);
	if (ret) {
		kfree(delay);
		return ret;
	}
	mutex_lock(&uma_delay_lock);
	list_add_tail(&delay->link, &uma_delay_list);
	mutex_unlock(&uma_delay_lock);
	return 0;
}

static void uma_delay_clear(void)
{
	struct uma_delay *delay, *next;

	mutex_lock(&uma_delay_lock);
	list_for_each_entry_safe(delay, next, &uma_delay_list, link) {
		uma_delay_unregister(delay);
		list_del(&delay->link);
		kfree(delay);
	}
	mutex_unlock(&uma_delay_lock);
}

static ssize_t uma_delay_write(struct file *file, const char __user *buf, size_t len,
			       loff_t *pos)
{
	char line[UMA_DELAY_LINE] = "", symbol[UMA_DELAY_SYMBOL];
	unsigned int usecs, every;
	int ret;

	if (len >= sizeof(line))
		return -E2BIG;
	if (copy_from_user(line, buf, len))
		return -EFAULT;
	if (!strcmp(strim(line), "clear")) {
		uma_delay_clear();
		return len;
	}
	if (sscanf(line, "%95s %u %u", symbol, &usecs, &every) != 3)
		return -EINVAL;
	ret = uma_delay_add(symbol, usecs, every);
	return ret ?: len;
}

static int uma_delay_show(struct seq_file *m, void *unused)
{
	struct uma_delay *delay;

	mutex_lock(&uma_delay_lock);
	list_for_each_entry(delay, &uma_delay_list, link)
		seq_printf(m, "%s%s %u %u %d %d %lu\n", delay->symbol,
			   delay->at_return ? "%return" : "", delay->usecs, delay->every,
			   atomic_read(&delay->hits), atomic_read(&delay->waits),
			   delay->probe.kp.nmissed + delay->probe.nmissed);
	mutex_unlock(&uma_delay_lock);
	return 0;
}

static int uma_delay_open(struct inode *inode, struct file *file)
{
	return single_open(file, uma_delay_show, NULL);
}

static const struct file_operations uma_delay_fops = {
	.owner = THIS_MODULE, .open = uma_delay_open, .read = seq_read,
	.write = uma_delay_write, .llseek = seq_lseek, .release = single_release,
};

static int __init uma_delay_init(void)
{
	uma_delay_dir = debugfs_create_dir("uma_delay", NULL);
	if (IS_ERR(uma_delay_dir))
		return PTR_ERR(uma_delay_dir);
	debugfs_create_file("probes", 0600, uma_delay_dir, NULL, &uma_delay_fops);
	return 0;
}
module_init(uma_delay_init);

static void __exit uma_delay_exit(void)
{
	debugfs_remove_recursive(uma_delay_dir);
	uma_delay_clear();
}
module_exit(uma_delay_exit);

MODULE_DESCRIPTION("Widens race windows for the stress tests of gem-uma");
MODULE_AUTHOR("The gem-uma authors");
MODULE_LICENSE("GPL");
