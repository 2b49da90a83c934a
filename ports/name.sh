#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
#   name.sh DRIVER KEY
#
# How a driver is called that is not called as its folder, as ports/DRIVER/names says:
#
#	folder	where its source is, in the kernel's tree
#	module	the module
#	option	of Kconfig, without CONFIG_DRM_
#	archs	for which Kconfig has it, if not for x86; the lane compiles it all the same
#	header	of the uAPI
#	needs	source files of modules that insmod does not load by itself; they are
#		compiled for a kernel that has none. A file of that name in fake/ makes a
#		module of what is none
#	modules	of the kernel's that insmod does not load by itself
#	firmware	the file that the driver asks for; fake/fw_DRIVER.py makes it
#	qemu	arguments that give the guest its device
#	bounce	the same, of one that gets copies of what is in memory
#	append	arguments of its kernel
#	log	flags for the log of the kernel, where the original is known to complain
#	gone	files of the driver's that its port does without
#	compiled	why it is compiled, and not run
#	base	the port that this one is another step of: it comes on top of that one, and is
#		called as that one where it does not say otherwise
#	model	whose model of a device and tests are its own
set -euo pipefail

usage() { sed -n '4,26s/^# \{0,1\}//p' "$0" >&2; exit 2; }
[[ $# == 2 ]] || usage
driver=$1 key=$2
names=$(dirname "$0")/$driver/names
said=
[[ ! -e $names ]] || said=$(sed -n "s/^$key=//p" "$names")
base=
[[ ! -e $names ]] || base=$(sed -n "s/^base=//p" "$names")
[[ $said || ! $base || $key == @(base|gone) ]] || exec "$0" "$base" "$key"
case $key in
folder) echo "${said:-drivers/gpu/drm/$driver}" ;;
module) echo "${said:-$driver}" ;;
header) echo "${said:-${driver}_drm.h}" ;;
option) echo "${said:-${driver^^}}" ;;
model) echo "${said:-$driver}" ;;
needs | qemu | bounce | append | gone | base | modules | firmware | log | archs | compiled) echo "$said" ;;
*) usage ;;
esac
