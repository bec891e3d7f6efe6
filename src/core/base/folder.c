/* folder.c: folders by mkdir and flock; rows by write, cut back where one does not fit. */
#include "folder.h"

#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static int make(const char *path) {
    struct stat there;
    if (mkdir(path, 0777) == 0)
        return 0;
    int reason = errno;
    return stat(path, &there) == 0 && S_ISDIR(there.st_mode) ? 0
           : reason == EEXIST                                ? ENOTDIR
                                                             : reason;
}

mf_status mf_folder_make(const char *path, mf_error *err) {
    char part[PATH_MAX];
    size_t n = strlen(path);
    if (n == 0 || n >= sizeof part)
        return mf_file_failed(err, "make the folder", path, n ? ENAMETOOLONG : ENOENT);
    memcpy(part, path, n + 1);
    int reason = 0;
    for (char *slash = part; !reason && (slash = strchr(slash + 1, '/'));) {
        *slash = '\0';
        reason = make(part);
        *slash = '/';
    }
    if (!reason)
        reason = make(part);
    return reason ? mf_file_failed(err, "make the folder", path, reason) : MF_OK;
}

mf_status mf_folder_hold(const char *path, int *fd, mf_error *err) {
    mf_status status = mf_folder_make(path, err);
    if (status < 0)
        return status;
    if (access(path, W_OK | X_OK) < 0)
        return mf_file_failed(err, "write into the folder", path, errno);
    int opened = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (opened < 0)
        return mf_file_failed(err, "open the folder", path, errno);
    if (flock(opened, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK) {
        close(opened);
        return mf_fail(err, MF_EIO, "%s: in use by another run", path);
    }
    *fd = opened;
    return MF_OK;
}

/* Bytes up to the last newline of the first `size`; -1: they cannot be read. */
static long long whole_rows(int fd, long long size) {
    char part[4096];
    while (size > 0) {
        long long from = size > (long long)sizeof part ? size - (long long)sizeof part : 0;
        ssize_t n = pread(fd, part, (size_t)(size - from), (off_t)from);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return -1;
        for (const char *at = part + n; at > part; --at)
            if (at[-1] == '\n')
                return from + (at - part);
        size = from;
    }
    return 0;
}

/* Cuts off what a kill left of a row, so that the next one begins a line. */
static int cut_tail(mf_rows *rows, const char *path) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    long long whole = whole_rows(fd, rows->size);
    if (whole >= 0 && whole < rows->size && ftruncate(rows->fd, (off_t)whole) < 0)
        whole = -1;
    int reason = errno;
    close(fd);
    errno = reason;
    rows->size = whole;
    return whole < 0 ? -1 : 0;
}

mf_status mf_rows_open(mf_rows *rows, const char *path, mf_error *err) {
    *rows = (mf_rows){.fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666)};
    if (rows->fd < 0)
        return mf_file_failed(err, "write", path, errno);
    rows->size = lseek(rows->fd, 0, SEEK_END);
    if (rows->size <= 0) {
        rows->size = 0; /* empty, a pipe or a device */
        return MF_OK;
    }
    if (cut_tail(rows, path) < 0) {
        mf_status status = mf_file_failed(err, "read", path, errno);
        close(rows->fd);
        rows->fd = -1;
        return status;
    }
    return MF_OK;
}

mf_status mf_rows_add(mf_rows *rows, const char *path, const void *data, size_t size,
                      mf_error *err) {
    int reason = mf_file_write_all(rows->fd, data, size);
    time_t now = time(NULL);
    if (!reason && now != rows->synced) {
        rows->synced = now;
        if (fdatasync(rows->fd) < 0 && errno != EINVAL) /* EINVAL: a pipe or a device */
            reason = errno;
    }
    if (reason) {
        if (ftruncate(rows->fd, (off_t)rows->size) < 0)
            return mf_fail(err, MF_EIO, "cannot write '%s': %s; its last row may be cut", path,
                           strerror(reason));
        return mf_file_failed(err, "write", path, reason);
    }
    rows->size += (long long)size;
    return MF_OK;
}

void mf_rows_close(mf_rows *rows) {
    if (rows->fd >= 0) {
        (void)fdatasync(rows->fd);
        close(rows->fd);
    }
    rows->fd = -1;
}
