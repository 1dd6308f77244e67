/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The escape probe: a decoder program whose codec is as hostile as code can
 * be. All of the worker is the real one but the codec, which takes its orders
 * from the file under work: a signature, ':', the name of an attempt, a space
 * and a number.
 *
 * What came of an attempt stands in the reply: class CORRUPT, in `width` one
 * of these, in `height` the errno.
 */
#ifndef TUTELA_TESTS_PROBE_H
#define TUTELA_TESTS_PROBE_H

#include "decode/worker/codec.h"

#define PROBE_REFUSED 1001
#define PROBE_THROUGH 1002
#define PROBE_UNKNOWN 1003 /* no such attempt */

codec_fn tutela_probe;

/* Does as `lie` says with the reply to request `number`; ends the process. False: there is no such lie. */
bool tutela_probe_lie(const char *lie, uint32_t number, enum tutela_format format);

#endif
