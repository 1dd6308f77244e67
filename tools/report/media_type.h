/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TUTELA_TOOLS_MEDIA_TYPE_H
#define TUTELA_TOOLS_MEDIA_TYPE_H

/* The media type of a format as `tutela scan` names it: "image/jpeg" of "jpeg". NULL when none is registered. */
const char *media_type(const char *format);

#endif
