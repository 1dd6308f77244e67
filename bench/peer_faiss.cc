/* SPDX-License-Identifier: Apache-2.0 */
#include "peer_faiss.h"

#include <exception>
#include <faiss/IndexBinaryFlat.h>
#include <faiss/IndexBinaryHash.h>
#include <faiss/impl/AuxIndexStructures.h>
#include <memory>
#include <omp.h>

struct peer {
	std::unique_ptr<faiss::IndexBinary> index;
};

struct peer *peer_new(int multi_hash, const uint8_t *codes, size_t n)
{
	try {
		auto p = std::make_unique<peer>();

		omp_set_num_threads(1);
		if (multi_hash) {
			auto index = std::make_unique<faiss::IndexBinaryMultiHash>(256, 16, 16);

			index->nflip = 1;
			p->index = std::move(index);
		} else {
			p->index = std::make_unique<faiss::IndexBinaryFlat>(256);
		}
		p->index->add((faiss::Index::idx_t)n, codes);
		return p.release();
	} catch (const std::exception &) {
		return nullptr;
	}
}

void peer_free(struct peer *p)
{
	delete p;
}

long peer_search(struct peer *p, const uint8_t *query, int64_t *ids, int32_t *distances, size_t cap)
{
	try {
		/* The radius of faiss is strict. */
		faiss::RangeSearchResult result(1);

		p->index->range_search(1, query, 32, &result);
		size_t n = result.lims[1];
		for (size_t i = 0; i < n && i < cap; i++) {
			ids[i] = result.labels[i];
			distances[i] = (int32_t)result.distances[i];
		}
		return (long)n;
	} catch (const std::exception &) {
		return -1;
	}
}
