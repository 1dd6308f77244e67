/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Builds for tests that cannot be locked down wholly. What they leave out is
 * said by `tutela-decoder --version`, `tutela --version` and `tutela status`.
 *
 *   SHADOW_MEMORY    a sanitizer: terabytes are reserved, and its runtime makes calls of its own
 *   TUTELA_COVERAGE  counters are written to files when a worker ends
 */
#ifndef TUTELA_DECODE_WORKER_BUILD_KIND_H
#define TUTELA_DECODE_WORKER_BUILD_KIND_H

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define SHADOW_MEMORY 1
#endif
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SHADOW_MEMORY 1
#endif

#if defined(SHADOW_MEMORY) || defined(TUTELA_COVERAGE)
#define WEAKENED 1
#endif

#endif
