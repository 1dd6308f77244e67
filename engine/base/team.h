/* SPDX-License-Identifier: Apache-2.0 */
/* How many threads OpenMP is to be asked for. */
#ifndef TUTELA_BASE_TEAM_H
#define TUTELA_BASE_TEAM_H

#ifdef _OPENMP
#include <omp.h>
#endif

#define TEAM_MAX 1024

/* `wanted` of them, 0 for as many as OpenMP has by itself; 1 where the build has none. */
static inline int team_size(unsigned wanted)
{
#ifdef _OPENMP
	return wanted == 0 ? omp_get_max_threads() : wanted > TEAM_MAX ? TEAM_MAX : (int)wanted;
#else
	(void)wanted;
	return 1;
#endif
}

#endif
