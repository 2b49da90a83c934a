// SPDX-License-Identifier: GPL-2.0
/*
 * Makes the tracepoints. Owns nothing and decides nothing; each part fires its own.
 */
#ifndef __CHECKER__
#define CREATE_TRACE_POINTS
#include "gem_uma_trace.h"
#endif
