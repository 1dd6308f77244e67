/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "defences.h"
#include "locate.h"
#include "output.h"
#include "printable.h"

#ifdef __clang__
#define COMPILER __VERSION__
#else
#define COMPILER "GCC " __VERSION__
#endif

/* The build says these; a compiler run by hand may not. */
#ifndef TUTELA_BUILD_OPTIONS
#define TUTELA_BUILD_OPTIONS "unknown"
#endif
#ifndef TUTELA_BUILD_LIBRARIES
#define TUTELA_BUILD_LIBRARIES "unknown"
#endif
#ifndef TUTELA_BUILD_DECODER_LIBRARIES
#define TUTELA_BUILD_DECODER_LIBRARIES "unknown"
#endif

int cmd_version(struct cli *cli)
{
	struct tutela_defences defences;
	enum tutela_err found;
	enum tutela_isa isa;
	const char *name;
	char *decoder, *held;

	if (!locate_isa(&isa))
		return STATUS_TROUBLE;
	name = tutela_isa_name(isa == TUTELA_ISA_AUTO ? tutela_cpu_best() : isa);
	found = defences_find(&defences);
	if (cli->json) {
		output_json(json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o}", "type", "version", "version",
				      TUTELA_VERSION, "library", tutela_version(), "compiler", COMPILER, "options",
				      TUTELA_BUILD_OPTIONS, "libraries", TUTELA_BUILD_LIBRARIES, "decoder_libraries",
				      TUTELA_BUILD_DECODER_LIBRARIES, "instruction_set", name, "defences",
				      defences_json(&defences, found)));
		return STATUS_OK;
	}
	decoder = locate_decoder();
	held = defences_text(&defences, found);
	output_print("tutela %s\n"
		     "library            %s\n"
		     "compiler           %s\n"
		     "options            %s\n"
		     "instruction set    %s\n"
		     "libraries          %s, jansson %s\n"
		     "decoder libraries  %s\n"
		     "decoder            %s\n"
		     "defences           %s\n",
		     TUTELA_VERSION, tutela_version(), COMPILER, TUTELA_BUILD_OPTIONS, name, TUTELA_BUILD_LIBRARIES,
		     jansson_version_str(), TUTELA_BUILD_DECODER_LIBRARIES, decoder ? decoder : "as installed", held);
	free(decoder);
	free(held);
	return STATUS_OK;
}
