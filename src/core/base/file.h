/* file.h: files that are there whole or not at all.
 *
 * Every function fails with MF_EIO, the path and the system's words. Symbolic links are
 * followed: what they point at is written, the link stays. A character device, a pipe or a
 * socket's file is written into; a folder or a disk is refused.                           */
#ifndef MF_FILE_H
#define MF_FILE_H

#include "status.h"

#include <stddef.h>

/* Writes `size` bytes into a new file beside `path`, flushes it to the disk, renames it to
 * `path`, and flushes the folder. A file that was there keeps its mode and, where the
 * system allows, its owner; one that may not be written is refused. On an error the old
 * file is untouched. Killed at any moment it leaves the old file or the new; a name that a
 * kill left over ("path.PID.N.tmp") is removed by the next call.                          */
mf_status mf_file_replace(const char *path, const void *data, size_t size, mf_error *err);

/* "cannot <what> '<path>': <the system's words>"; of a long path the end. */
mf_status mf_file_failed(mf_error *err, const char *what, const char *path, int reason);

/* Writes all, whatever the system takes at a time: 0, or the reason (errno). */
int mf_file_write_all(int fd, const void *data, size_t size);

/* A file opened for reading. All zero is closed. */
typedef struct {
    int fd_plus_one;
    size_t size;
} mf_file;

/* Opens a regular file that begins with the `n` bytes of `magic` (MF_EFORMAT: another) and
 * knows its size: nothing more of a foreign file is read.                                 */
mf_status mf_file_open(mf_file *file, const char *path, const void *magic, size_t n, mf_error *err);

/* Reads `size` bytes of an opened file from byte `at` on. */
mf_status mf_file_read(const mf_file *file, const char *path, size_t at, void *data, size_t size,
                       mf_error *err);

void mf_file_close(mf_file *file); /* idempotent */

#endif
