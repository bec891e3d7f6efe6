/* folder.h: folders of results: made, held against other runs; files that grow by rows. */
#ifndef MF_FOLDER_H
#define MF_FOLDER_H

#include "status.h"

#include <stddef.h>
#include <time.h>

/* Makes the folder and those above it; one that is there is fine. MF_EIO if that fails. */
mf_status mf_folder_make(const char *path, mf_error *err);

/* Makes the folder if need be and holds it against other runs until *fd is closed. MF_EIO:
 * it cannot be made, or another run holds it. A file system that knows no locks on folders
 * is no error: then only one run at a time is the user's care.                           */
mf_status mf_folder_hold(const char *path, int *fd, mf_error *err);

/* A file that grows by whole rows. fd < 0: closed. */
typedef struct {
    int fd;
    long long size; /* bytes of whole rows        */
    time_t synced;  /* when they were last on disk */
} mf_rows;

/* Opens for appending behind what is there; makes the file if need be. Rows end in a newline:
 * what a kill left behind the last one is cut off.                                        */
mf_status mf_rows_open(mf_rows *rows, const char *path, mf_error *err);

/* Appends all of `data` or nothing: after an error (MF_EIO, with the system's words and the
 * path) the file ends where it ended before. Flushed to the disk at most once a second.   */
mf_status mf_rows_add(mf_rows *rows, const char *path, const void *data, size_t size,
                      mf_error *err);

/* Flushes to the disk and closes; closed already is fine. */
void mf_rows_close(mf_rows *rows);

#endif
