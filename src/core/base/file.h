/* file.h: files that are there whole or not at all. */
#ifndef MF_FILE_H
#define MF_FILE_H

#include "status.h"

#include <stddef.h>

/* Writes `size` bytes under a temporary name beside `path`, flushes them to the disk,
 * renames, and flushes the folder. On an error (MF_EIO, with the system's words) the old
 * file at `path` is untouched and the temporary one removed.                            */
mf_status mf_file_replace(const char *path, const void *data, size_t size, mf_error *err);

#endif
