/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file-server FOLDER PORT_FILE [OPTION]...: the files of a folder over HTTP on
 * 127.0.0.1, with the faults that a test asks for. The port it got goes to
 * PORT_FILE. It ends by itself after a minute.
 *
 * --tls CERT KEY     HTTPS
 * --client-ca CA     whoever shows no certificate of this CA is answered 403
 * --cut N            the first answer about each file of more than N bytes breaks off after N
 * --fail N STATUS    the first N requests are answered with this status
 * --redirect URL     every request is sent there
 * --stall N          answers stop after N bytes
 * --endless          answers do not end
 * --headers N        answers have N further headers of 1,000 bytes
 * --no-range         what part of a file is asked for is not heard
 * --user USER:PASS   whoever does not say so is answered 401
 * --log FILE         a line for each request: status, path, first byte
 */
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LIFE_S    60
#define NAMES_MAX 256

static struct {
	const char *folder, *port_file, *cert, *key, *client_ca, *redirect, *user, *log;
	uint64_t cut, stall;
	unsigned fail, fail_status;
	bool endless, no_range;
	unsigned headers;
	pthread_mutex_t lock;
	char *cut_already[NAMES_MAX];
	size_t n_cut;
} server = {.lock = PTHREAD_MUTEX_INITIALIZER};

static _Noreturn void die(const char *what)
{
	perror(what);
	exit(2);
}

static char *slurp(const char *path)
{
	FILE *f = fopen(path, "rb");
	char *text = calloc(1, 1 << 20);

	if (!f || !text || fread(text, 1, (1 << 20) - 1, f) == 0)
		die(path);
	fclose(f);
	return text;
}

/* One answer on its way. */
struct body {
	int fd;
	uint64_t from, sent, most; /* most: where it breaks off */
};

static ssize_t on_read(void *ctx, uint64_t pos, char *buf, size_t max)
{
	struct body *b = ctx;
	ssize_t n;

	if (server.stall && pos >= server.stall) {
		sleep(LIFE_S);
		return MHD_CONTENT_READER_END_WITH_ERROR;
	}
	if (server.endless) {
		memset(buf, 'x', max);
		return (ssize_t)max;
	}
	if (pos >= b->most)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (max > b->most - pos)
		max = (size_t)(b->most - pos);
	if (server.stall && max > server.stall - pos)
		max = (size_t)(server.stall - pos);
	n = pread(b->fd, buf, max, (off_t)(b->from + pos));
	return n > 0 ? n : MHD_CONTENT_READER_END_WITH_ERROR;
}

static void on_free(void *ctx)
{
	struct body *b = ctx;

	if (b->fd >= 0)
		close(b->fd);
	free(b);
}

static void note(unsigned status, const char *path, uint64_t from)
{
	FILE *f;

	if (!server.log)
		return;
	pthread_mutex_lock(&server.lock);
	f = fopen(server.log, "a");
	if (f) {
		fprintf(f, "%u %s %llu\n", status, path, (unsigned long long)from);
		fclose(f);
	}
	pthread_mutex_unlock(&server.lock);
}

static enum MHD_Result say(struct MHD_Connection *c, unsigned status, const char *path, const char *header,
			   const char *value)
{
	static char text[] = "no\n";
	struct MHD_Response *r = MHD_create_response_from_buffer(3, text, MHD_RESPMEM_PERSISTENT);
	enum MHD_Result out;

	if (header)
		MHD_add_response_header(r, header, value);
	for (unsigned i = 0; i < server.headers; i++) {
		char name[16], thousand[1001];

		snprintf(name, sizeof(name), "X-%u", i);
		memset(thousand, 'x', 1000);
		thousand[1000] = '\0';
		MHD_add_response_header(r, name, thousand);
	}
	note(status, path, 0);
	out = MHD_queue_response(c, status, r);
	MHD_destroy_response(r);
	return out;
}

static bool known_client(struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	unsigned status = 1;

	return info && gnutls_certificate_verify_peers2(info->tls_session, &status) == 0 && status == 0;
}

static bool known_user(struct MHD_Connection *c)
{
	char *password = NULL, *user = MHD_basic_auth_get_username_password(c, &password), text[512] = "";

	if (user && password)
		snprintf(text, sizeof(text), "%s:%s", user, password);
	free(user);
	free(password);
	return strcmp(text, server.user) == 0;
}

/* Is this the first answer about the file that is long enough? */
static bool cut_now(const char *path, uint64_t left)
{
	bool now = server.cut && left > server.cut && server.n_cut < NAMES_MAX;

	pthread_mutex_lock(&server.lock);
	for (size_t i = 0; i < server.n_cut; i++)
		now = now && strcmp(server.cut_already[i], path) != 0;
	if (now)
		server.cut_already[server.n_cut++] = strdup(path);
	pthread_mutex_unlock(&server.lock);
	return now;
}

static enum MHD_Result send_file(struct MHD_Connection *c, const char *path)
{
	const char *range = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Range");
	struct body *b = calloc(1, sizeof(*b));
	struct MHD_Response *r;
	enum MHD_Result out;
	struct stat st;
	char full[4096], header[128];
	unsigned status = 200;
	uint64_t left;

	snprintf(full, sizeof(full), "%s%s", server.folder, path);
	if (!b)
		die("memory");
	b->fd = strstr(path, "..") ? -1 : open(full, O_RDONLY | O_CLOEXEC);
	if (!server.endless && (b->fd < 0 || fstat(b->fd, &st) || !S_ISREG(st.st_mode))) {
		on_free(b);
		return say(c, 404, path, NULL, NULL);
	}
	if (server.endless)
		st.st_size = 0;
	if (range && !server.no_range && sscanf(range, "bytes=%lu-", &b->from) == 1) {
		status = 206;
		if (b->from >= (uint64_t)st.st_size) {
			on_free(b);
			return say(c, 416, path, NULL, NULL);
		}
	}
	left = (uint64_t)st.st_size - b->from;
	b->most = cut_now(path, left) ? server.cut : UINT64_MAX;
	note(status, path, b->from);
	r = MHD_create_response_from_callback(server.endless ? MHD_SIZE_UNKNOWN : left, 4096, on_read, b, on_free);
	if (status == 206) {
		snprintf(header, sizeof(header), "bytes %lu-%lu/%lu", b->from, (uint64_t)st.st_size - 1,
			 (uint64_t)st.st_size);
		MHD_add_response_header(r, "Content-Range", header);
	}
	out = MHD_queue_response(c, status, r);
	MHD_destroy_response(r);
	return out;
}

static bool fail_now(void)
{
	bool now;

	pthread_mutex_lock(&server.lock);
	now = server.fail > 0;
	server.fail -= now;
	pthread_mutex_unlock(&server.lock);
	return now;
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *c, const char *url, const char *method,
				  const char *version, const char *upload, size_t *upload_len, void **state)
{
	(void)ctx, (void)version, (void)upload, (void)upload_len, (void)state;
	if (strcmp(method, "GET") != 0)
		return say(c, 405, url, NULL, NULL);
	if (server.redirect)
		return say(c, 302, url, "Location", server.redirect);
	if (fail_now())
		return say(c, server.fail_status, url, NULL, NULL);
	if (server.client_ca && !known_client(c))
		return say(c, 403, url, NULL, NULL);
	if (server.user && !known_user(c))
		return say(c, 401, url, "WWW-Authenticate", "Basic realm=\"test\"");
	return send_file(c, url);
}

static void parse(int argc, char **argv)
{
	if (argc < 3)
		exit(64);
	server.folder = argv[1];
	server.port_file = argv[2];
	for (int i = 3; i < argc; i++) {
		const char *o = argv[i], *a = i + 1 < argc ? argv[i + 1] : "";

		if (strcmp(o, "--endless") == 0)
			server.endless = true;
		else if (strcmp(o, "--headers") == 0)
			server.headers = (unsigned)atoi(a), i++;
		else if (strcmp(o, "--no-range") == 0)
			server.no_range = true;
		else if (strcmp(o, "--tls") == 0 && i + 2 < argc)
			server.cert = argv[++i], server.key = argv[++i];
		else if (strcmp(o, "--fail") == 0 && i + 2 < argc)
			server.fail = (unsigned)atoi(argv[++i]), server.fail_status = (unsigned)atoi(argv[++i]);
		else if (strcmp(o, "--client-ca") == 0)
			server.client_ca = a, i++;
		else if (strcmp(o, "--stall") == 0)
			server.stall = strtoull(a, NULL, 10), i++;
		else if (strcmp(o, "--cut") == 0)
			server.cut = strtoull(a, NULL, 10), i++;
		else if (strcmp(o, "--redirect") == 0)
			server.redirect = a, i++;
		else if (strcmp(o, "--user") == 0)
			server.user = a, i++;
		else if (strcmp(o, "--log") == 0)
			server.log = a, i++;
		else
			exit(64);
	}
}

/* Whole or not there. */
static void tell_port(unsigned port)
{
	char temporary[4096];
	FILE *f;

	snprintf(temporary, sizeof(temporary), "%s.new", server.port_file);
	f = fopen(temporary, "w");
	if (!f || fprintf(f, "%u\n", port) < 0 || fclose(f) || rename(temporary, server.port_file))
		die(server.port_file);
}

int main(int argc, char **argv)
{
	struct sockaddr_in local = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct MHD_OptionItem options[5] = {{MHD_OPTION_SOCK_ADDR, 0, &local},
					    {MHD_OPTION_CONNECTION_MEMORY_LIMIT, 4 << 20, NULL}};
	unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION;
	struct MHD_Daemon *daemon;
	size_t n = 2;

	parse(argc, argv);
	if (server.cert) {
		flags |= MHD_USE_TLS;
		options[n++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_CERT, 0, slurp(server.cert)};
		options[n++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_KEY, 0, slurp(server.key)};
	}
	options[n] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
	if (server.client_ca)
		daemon = MHD_start_daemon(flags, 0, NULL, NULL, on_request, NULL, MHD_OPTION_ARRAY, options,
					  MHD_OPTION_HTTPS_MEM_TRUST, slurp(server.client_ca), MHD_OPTION_END);
	else
		daemon = MHD_start_daemon(flags, 0, NULL, NULL, on_request, NULL, MHD_OPTION_ARRAY, options,
					  MHD_OPTION_END);
	if (!daemon)
		die("starting");
	tell_port(MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
	sleep(LIFE_S);
	return 0;
}
