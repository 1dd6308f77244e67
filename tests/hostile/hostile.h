/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makers of hostile picture files, all by formula. Each bomb_* function writes its files one after another through
 * emit(); sizes say what a decoder is made to believe, not what is written.
 */
#ifndef HOSTILE_H
#define HOSTILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A growing file. */
struct file {
	uint8_t *p;
	size_t len, room;
};

void put(struct file *f, const void *bytes, size_t len);
void put_text(struct file *f, const char *s);
void put_zeros(struct file *f, size_t len);
void put8(struct file *f, uint32_t v);
void put16be(struct file *f, uint32_t v);
void put32be(struct file *f, uint32_t v);
void put16le(struct file *f, uint32_t v);
void put32le(struct file *f, uint32_t v);
void file_free(struct file *f);

/* Keeps the file as NAME in the folder of the makers, and empties it. */
void emit(struct file *f, const char *name);

/* A number that depends on the seed of the run and the calls before. */
uint32_t number(uint32_t below);

/* Zeros, `len` of them, as a zlib stream of 1/158 of that. */
void put_zlib_zeros(struct file *f, uint64_t len);

/* `heavy`: also those that take seconds to make or to refuse. */
void bombs_png(bool heavy);
void bombs_jpeg(bool heavy);
void bombs_tiff(bool heavy);
void bombs_gif_webp(bool heavy);
void bombs_bmp(bool heavy);
void bombs_pnm(void);
void bombs_icon(void);
void bombs_boxes(bool heavy);
void bombs_jp2(bool heavy);
void bombs_other(void);

/* One of a dozen kinds of damage done to f; `other` is a second file to take pieces from. */
void mutate(struct file *f, const struct file *other);

#endif
