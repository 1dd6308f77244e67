# SPDX-License-Identifier: Apache-2.0
# TUTELA_ISA: every level that this machine has says the same, byte for byte.
. "$TESTS/lib.sh"

run 0 init
"$MKPICTURE" --help >/dev/null
