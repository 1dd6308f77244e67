# SPDX-License-Identifier: Apache-2.0
# Benchmarks, one question a file; run by hand, never by `make check`.
