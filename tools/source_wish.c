/* SPDX-License-Identifier: Apache-2.0 */
#include "source_wish.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memory.h"
#include "message.h"
#include "printable.h"
#include "sync/feed.h"
#include "sync/http_address.h"
#include "sync/ncmec_window.h"

bool source_wishes(const struct source_wish *w)
{
	return w->type || w->url || w->credentials || w->country || w->list || w->ca || w->cert || w->cert_key ||
	       w->keys.n || w->members.n || w->threshold_given;
}

/* The option's text into its place. CLI_GO, or STATUS_USAGE. */
static int take(const struct cli *cli, const char *option, const char *value, char *out, size_t room)
{
	if (!value)
		return CLI_GO;
	if (strlen(value) >= room)
		return cli_usage(cli, option, "at most %zu bytes", room - 1);
	memcpy(out, value, strlen(value) + 1);
	return CLI_GO;
}

/* The same for a path, made absolute: sync may run from another folder. */
static int take_path(const struct cli *cli, const char *option, const char *value, char *out)
{
	char *here, *path;
	int status;

	if (!value || value[0] == '/' || !value[0])
		return take(cli, option, value, out, TUTELA_SOURCE_URL_MAX + 1);
	here = getcwd(NULL, 0);
	path = memory_format("%s/%s", here ? here : ".", value);
	status = take(cli, option, path, out, TUTELA_SOURCE_URL_MAX + 1);
	free(path);
	free(here);
	return status;
}

static int take_key(const char *value, char *out)
{
	struct tutela_public_key key;
	enum tutela_err error;
	char text[64];

	errno = 0;
	error = strlen(value) == TUTELA_PUBLIC_KEY_TEXT && access(value, F_OK)
			? tutela_public_key_parse(value, strlen(value), &key)
			: tutela_public_key_read(value, &key);
	if (error == TUTELA_E_SYS)
		message_error(value, "%s", printable_errno(errno, text));
	else if (error)
		message_error(value,
			      "not an Ed25519 public key of minisign: a file of two lines, or its 56 characters");
	if (error)
		return STATUS_TROUBLE;
	tutela_public_key_text(&key, out);
	return CLI_GO;
}

static int take_keys(const struct source_wish *w, struct tutela_source *s)
{
	int status = CLI_GO;

	if (w->keys.n > TUTELA_SOURCE_KEYS_MAX)
		return cli_usage(w->cli, "--key", "at most %d keys", TUTELA_SOURCE_KEYS_MAX);
	if (w->keys.n) {
		memset(s->keys, 0, sizeof(s->keys));
		s->n_keys = 0;
	}
	for (size_t i = 0; i < w->keys.n && status == CLI_GO; i++)
		status = take_key(w->keys.items[i].value, s->keys[s->n_keys++]);
	if (w->threshold_given)
		s->threshold = (uint32_t)w->threshold;
	if (status == CLI_GO && s->threshold > s->n_keys)
		return cli_usage(w->cli, "--threshold", "%u keys must sign, but %zu are given", s->threshold,
				 s->n_keys);
	return status;
}

static int take_members(const struct source_wish *w, struct tutela_source *s)
{
	if (w->members.n > TUTELA_SOURCE_MEMBERS_MAX)
		return cli_usage(w->cli, "--member", "at most %d members", TUTELA_SOURCE_MEMBERS_MAX);
	for (size_t i = 0; i < w->members.n; i++) {
		const char *value = w->members.items[i].value;
		char *end;

		errno = 0;
		s->members[s->n_members++] = strtoull(value, &end, 10);
		if (value[0] < '0' || value[0] > '9' || *end || errno)
			return cli_usage(w->cli, "--member", "'%s' is not a number", value);
	}
	return CLI_GO;
}

/* Does the address suit the feed? */
static int take_url(const struct source_wish *w, const struct feed *feed, struct tutela_source *s)
{
	const char *why;
	enum address kind;

	if (!w->url && s->url[0])
		return CLI_GO;
	if (!w->url || !w->url[0])
		return cli_usage(w->cli, NULL, "say where the source is: --url URL or a folder");
	if (s->type == TUTELA_SOURCE_NCMEC && ncmec_environment(w->url))
		return take(w->cli, "--url", ncmec_environment(w->url), s->url, sizeof(s->url));
	kind = http_address(w->url, &why);
	if (kind == ADDRESS_BAD)
		return cli_usage(w->cli, "--url", "%s", why);
	if (kind == ADDRESS_FOLDER && !(feed->traits & FEED_FOLDER))
		return cli_usage(w->cli, w->url, "sources of the type %s are asked over https://, not in a folder",
				 tutela_source_type_name(s->type));
	if (kind != ADDRESS_FOLDER && strchr(w->url, '?'))
		return cli_usage(w->cli, "--url", "an address without a query");
	if (kind == ADDRESS_FOLDER)
		return take_path(w->cli, "--url", w->url, s->url);
	return take(w->cli, "--url", w->url, s->url, sizeof(s->url));
}

/* Of what the options say: do they suit the type? */
static int check_suits(const struct source_wish *w, const struct tutela_source *s)
{
	const struct cli *cli = w->cli;
	bool bundle = s->type == TUTELA_SOURCE_BUNDLE;

	if (bundle && !w->keys.n && !s->n_keys)
		return cli_usage(cli, NULL, "a source of signed bundles needs its public key: --key FILE");
	if (!bundle && (w->keys.n || w->threshold_given))
		return cli_usage(cli, NULL, "--key and --threshold are for sources of the type bundle");
	if (bundle && w->list)
		return cli_usage(cli, "--list", "bundles name their own lists");
	if (w->members.n && s->type != TUTELA_SOURCE_NCMEC)
		return cli_usage(cli, "--member", "for sources of the type ncmec");
	return CLI_GO;
}

/* Of the source that comes of them: does it hang together? */
static int check_whole(const struct cli *cli, const struct feed *feed, const struct tutela_source *s)
{
	const char *why;

	if (http_address(s->url, &why) == ADDRESS_FOLDER && (s->ca[0] || s->client_cert[0] || s->client_key[0]))
		return cli_usage(cli, NULL, "--ca, --client-cert and --client-key are for https://");
	if (!s->client_cert[0] != !s->client_key[0])
		return cli_usage(cli, NULL, "--client-cert and --client-key belong together");
	if (!s->credentials[0] && feed->traits & FEED_CREDENTIALS)
		message_warning(
			s->name,
			"sources of the type %s need credentials: --credentials FILE, or the environment at sync",
			tutela_source_type_name(s->type));
	return CLI_GO;
}

static int take_paths(const struct source_wish *w, struct tutela_source *s)
{
	int status = take_path(w->cli, "--credentials", w->credentials, s->credentials);

	if (status == CLI_GO)
		status = take_path(w->cli, "--ca", w->ca, s->ca);
	if (status == CLI_GO)
		status = take_path(w->cli, "--client-cert", w->cert, s->client_cert);
	return status == CLI_GO ? take_path(w->cli, "--client-key", w->cert_key, s->client_key) : status;
}

int source_wish_take(const struct source_wish *w, const char *name, struct tutela_source *s)
{
	const struct cli *cli = w->cli;
	const struct feed *feed;
	int status = take(cli, name, name, s->name, sizeof(s->name));

	if (status != CLI_GO)
		return status;
	if (w->type && !tutela_source_type_parse(w->type, &s->type))
		return cli_usage(cli, "--type", "'%s' is not one of bundle, ncmec, stopncii, threatexchange, tat",
				 w->type);
	feed = feed_of(s->type);
	if (!feed)
		return cli_usage(cli, "--type", "this program cannot fetch sources of the type %s",
				 tutela_source_type_name(s->type));
	status = take_url(w, feed, s);
	if (status == CLI_GO)
		status = check_suits(w, s);
	if (status == CLI_GO)
		status = take(cli, "--country", w->country, s->country, sizeof(s->country));
	if (status == CLI_GO)
		status = take(cli, "--list", w->list, s->list, sizeof(s->list));
	if (status == CLI_GO)
		status = take_paths(w, s);
	if (status == CLI_GO)
		status = take_members(w, s);
	if (status == CLI_GO)
		status = take_keys(w, s);
	return status == CLI_GO ? check_whole(cli, feed, s) : status;
}
