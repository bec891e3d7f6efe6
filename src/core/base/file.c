/* file.c: writing a file whole: temporary name, fsync, rename, fsync of the folder. */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static mf_status failed(mf_error *err, const char *what, const char *path) {
    return mf_fail(err, MF_EIO, "cannot %s '%s': %s", what, path, strerror(errno));
}

/* Opens a new file beside path; its name goes to temporary. A name in use (left by a run
 * that was killed) is passed over.                                                      */
static int open_beside(const char *path, char *temporary, size_t size) {
    for (int i = 0; i < 100; ++i) {
        int length = snprintf(temporary, size, "%s.%ld.%d.tmp", path, (long)getpid(), i);
        if (length < 0 || (size_t)length >= size) {
            errno = ENAMETOOLONG;
            return -1;
        }
        int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd >= 0 || errno != EEXIST)
            return fd;
    }
    return -1;
}

static int write_all(int fd, const char *data, size_t size) {
    while (size > 0) {
        ssize_t written = write(fd, data, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return -1;
        data += written;
        size -= (size_t)written;
    }
    return fsync(fd);
}

/* The rename itself must survive a crash. Some file systems cannot: not worth an error. */
static void flush_folder(char *path) {
    char *slash = strrchr(path, '/');
    if (slash)
        slash[slash == path] = '\0';
    int fd = open(slash ? path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd);
        close(fd);
    }
}

mf_status mf_file_replace(const char *path, const void *data, size_t size, mf_error *err) {
    char temporary[PATH_MAX];
    int fd = open_beside(path, temporary, sizeof temporary);
    if (fd < 0)
        return failed(err, "create a file beside", path);
    int ok = write_all(fd, data, size) == 0, reason = errno;
    if (close(fd) != 0 && ok) {
        ok = 0;
        reason = errno;
    }
    if (ok && rename(temporary, path) != 0) {
        ok = 0;
        reason = errno;
    }
    if (!ok) {
        (void)unlink(temporary);
        errno = reason;
        return failed(err, "write", path);
    }
    flush_folder(temporary);
    return MF_OK;
}
