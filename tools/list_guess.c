/* SPDX-License-Identifier: Apache-2.0 */
#include "list_guess.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

enum kind {
	HASHDEEP,
	ENCASE,
	HFIND,
	VICS,
	NSRL,
	HASHKEEPER,
	PDQ_HASHER,
	CSV_MD5,
	CSV_SHA1,
	CSV_256,
	SUMS,
	BARE_256,
	CSV,
};

static const struct list_guess guesses[] = {
	[HASHDEEP] = {"hashdeep", "--format hashdeep", "what hashdeep prints"},
	[ENCASE] = {"encase", "--format encase", "a hash set of EnCase"},
	[HFIND] = {"hfind", "--format hfind", "an index of hfind"},
	[VICS] = {"vics", "--format vics", "VICS"},
	[NSRL] = {"nsrl", "--format nsrl", "a file of the NSRL, version 2"},
	[HASHKEEPER] = {"hashkeeper", "--format hashkeeper", "a table of HashKeeper"},
	[PDQ_HASHER] = {"csv", "--format csv --no-header --columns pdq=#1,quality=#2", "what PDQ's hasher prints"},
	[CSV_MD5] = {"csv", "--format csv --no-header --columns md5=#1", "MD5 and other cells"},
	[CSV_SHA1] = {"csv", "--format csv --no-header --columns sha1=#1", "SHA-1 and other cells"},
	[CSV_256] = {"csv", "--format csv --no-header --columns sha256=#1 (of PDQ: pdq=#1)",
		     "hashes of 256 bits and other cells"},
	[SUMS] = {"sums", "--format sums", "what md5sum and its kin print"},
	[BARE_256] = {"text", "--algorithm pdq, or of SHA-256 --format sums", "hashes of 256 bits"},
	[CSV] = {"csv", "--format csv", "CSV"},
};

struct span {
	const char *s;
	size_t len;
};

static bool begins(struct span t, const char *word)
{
	size_t n = strlen(word);

	return t.len >= n && memcmp(t.s, word, n) == 0;
}

static bool holds(struct span t, const char *word)
{
	size_t n = strlen(word);

	for (size_t i = 0; i + n <= t.len; i++)
		if (strncasecmp(t.s + i, word, n) == 0)
			return true;
	return false;
}

static size_t run_of(struct span t, const char *set)
{
	size_t n = 0;

	while (n < t.len && t.s[n] && strchr(set, t.s[n]))
		n++;
	return n;
}

/* The first line that says something, without its end. */
static struct span first_line(struct span t)
{
	struct span line = {t.s, 0};

	while (t.len && !line.len) {
		const char *lf = memchr(t.s, '\n', t.len);
		size_t n = lf ? (size_t)(lf - t.s) : t.len;

		line = (struct span){t.s, n};
		t = (struct span){t.s + n + (lf != NULL), t.len - n - (lf != NULL)};
		if (line.len && line.s[line.len - 1] == '\r')
			line.len--;
		if (line.len && (*line.s == '#' || run_of(line, " \t") == line.len))
			line.len = 0;
	}
	return line;
}

/* A line that begins with a digest. */
static const struct list_guess *of_digest(struct span line, size_t digits)
{
	struct span rest = {line.s + digits, line.len - digits};
	size_t number;

	if (digits != 32 && digits != 40 && digits != 64)
		return NULL;
	if (!rest.len || *rest.s == ' ' || *rest.s == '\t')
		return &guesses[digits == 64 ? BARE_256 : SUMS];
	if (*rest.s != ',')
		return NULL;
	number = run_of((struct span){rest.s + 1, rest.len - 1}, "0123456789");
	if (digits == 64 && number >= 1 && number <= 3 && rest.len > number + 1 && rest.s[number + 1] == ',')
		return &guesses[PDQ_HASHER];
	return &guesses[digits == 64 ? CSV_256 : digits == 40 ? CSV_SHA1 : CSV_MD5];
}

/* `MD5 (name) = hex`, or the name of an algorithm alone, as X-Ways has it. */
static bool is_named(struct span line)
{
	static const char *const names[] = {"MD5", "SHA1", "SHA-1", "SHA256", "SHA-256", "SHA2-256"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t n = strlen(names[i]);

		if (line.len < n || strncasecmp(line.s, names[i], n) != 0)
			continue;
		line = (struct span){line.s + n, line.len - n};
		return !line.len || *line.s == '(' || begins(line, " (");
	}
	return false;
}

/* What md5sum -z and its kin print; no other one but EnCase's holds a NUL byte. */
static bool ends_with_nul(struct span t)
{
	struct span line = {t.s, strnlen(t.s, t.len)};
	const struct list_guess *guess = of_digest(line, run_of(line, "0123456789abcdefABCDEF"));

	return !memchr(line.s, '\n', line.len) &&
	       (guess == &guesses[SUMS] || guess == &guesses[BARE_256] || is_named(line));
}

static bool is_header(struct span line)
{
	return (memchr(line.s, ',', line.len) || memchr(line.s, ';', line.len) || memchr(line.s, '\t', line.len)) &&
	       (holds(line, "md5") || holds(line, "sha1") || holds(line, "sha-1") || holds(line, "sha256") ||
		holds(line, "pdq"));
}

const struct list_guess *list_guess(const char *head, size_t len)
{
	struct span t = {head, len}, line;
	const struct list_guess *guess;

	if (begins(t, "HASH\r\n\xff"))
		return &guesses[ENCASE];
	if (memchr(head, '\0', len))
		return ends_with_nul(t) ? &guesses[SUMS] : NULL;
	if (begins(t, "\xef\xbb\xbf"))
		t = (struct span){head + 3, len - 3};
	line = first_line(t);
	if (begins(line, "%%%% HASHDEEP-"))
		return &guesses[HASHDEEP];
	if (line.len > 41 && run_of(line, "0") == 41 && line.s[41] == '|')
		return &guesses[HFIND];
	if (line.len && (*line.s == '{' || *line.s == '['))
		return holds(t, "odata") || holds(t, "\"MediaID\"") ? &guesses[VICS] : NULL;
	if (holds(line, "\"SHA-1\"") && holds(line, "\"FileName\""))
		return &guesses[NSRL];
	if (holds(line, "hashset_id"))
		return &guesses[HASHKEEPER];
	if (begins(line, "\\"))
		line = (struct span){line.s + 1, line.len - 1};
	guess = of_digest(line, run_of(line, "0123456789abcdefABCDEF"));
	if (!guess && is_named(line))
		guess = &guesses[SUMS];
	return guess ? guess : is_header(line) ? &guesses[CSV] : NULL;
}
