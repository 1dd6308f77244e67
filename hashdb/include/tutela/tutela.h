/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tutela: find known pictures by their hashes. Includes everything.
 *
 * libtutela computes perceptual hashes, keeps lists of them and searches
 * them. It never prints, never exits, never reads the environment, changes no
 * signal handler and has no global mutable state. Distinct handles may be used
 * by distinct threads; each header says what one handle allows.
 *
 * Misuse (NULL where a pointer is required, a radius over the number of bits)
 * is answered with TUTELA_E_ARG where it can be seen. Outputs come last and
 * are cleared on entry. Options structs begin with their own size, so that
 * they can grow; zero means the default in every other field.
 */
#ifndef TUTELA_TUTELA_H
#define TUTELA_TUTELA_H

#include <tutela/algorithm.h>
#include <tutela/audit.h>
#include <tutela/bundle.h>
#include <tutela/cpu.h>
#include <tutela/decode.h>
#include <tutela/error.h>
#include <tutela/exchange.h>
#include <tutela/feed_page.h>
#include <tutela/hash.h>
#include <tutela/index.h>
#include <tutela/journal.h>
#include <tutela/record.h>
#include <tutela/source.h>
#include <tutela/store.h>
#include <tutela/trust.h>
#include <tutela/version.h>
#include <tutela/vics.h>

#endif
