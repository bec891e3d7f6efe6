/* file.c: writing a file whole: a file without a name, fsync, link, rename, fsync of the
 * folder.                                                                                */
#define _GNU_SOURCE /* O_TMPFILE */
#include "file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    SHOWN = 160, /* bytes of a long path in a message: its end says more than its start */
    LINKS = 40,  /* as many in a row as the kernel follows                              */
    NAME = 200,  /* bytes of the file's name in that of its temporary                   */
    TRIES = 1000
};

mf_status mf_file_failed(mf_error *err, const char *what, const char *path, int reason) {
    size_t length = strlen(path);
    bool cut = length > SHOWN;
    return mf_fail(err, MF_EIO, "cannot %s '%s%s': %s", what, cut ? "..." : "",
                   cut ? path + length - SHOWN : path, strerror(reason));
}

static mf_status failed(mf_error *err, const char *what, const char *path) {
    return mf_file_failed(err, what, path, errno);
}

static int fail_with(int reason) {
    errno = reason;
    return -1;
}

/* ---- bytes ------------------------------------------------------------------------------- */

int mf_file_write_all(int fd, const void *data, size_t size) {
    const char *from = data;
    while (size > 0) {
        ssize_t written = write(fd, from, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return errno;
        from += written;
        size -= (size_t)written;
    }
    return 0;
}

static int write_all(int fd, const void *data, size_t size) {
    int reason = mf_file_write_all(fd, data, size);
    return reason ? fail_with(reason) : 0;
}

/* Closes and keeps the reason of what went wrong first. */
static int close_after(int fd, int result) {
    int reason = errno;
    if (close(fd) != 0 && result == 0)
        return -1;
    errno = reason;
    return result;
}

/* ---- where a path leads ------------------------------------------------------------------- */

/* One step along a symbolic link, in place. 1: done, 0: this is none, -1: fails. */
static int follow(char *path) {
    char target[PATH_MAX];
    ssize_t length = readlink(path, target, sizeof target);
    if (length < 0)
        return errno == EINVAL || errno == ENOENT ? 0 : -1;
    char *name = strrchr(path, '/');
    size_t folder = name && target[0] != '/' ? (size_t)(name + 1 - path) : 0;
    if (folder + (size_t)length >= PATH_MAX)
        return fail_with(ENAMETOOLONG);
    memcpy(path + folder, target, (size_t)length);
    path[folder + (size_t)length] = '\0';
    return 1;
}

/* The path itself without links at its end; the file need not be there. */
static int resolve(const char *path, char *out) {
    size_t length = strlen(path);
    if (length == 0 || length >= PATH_MAX)
        return fail_with(length ? ENAMETOOLONG : ENOENT);
    memcpy(out, path, length + 1);
    for (int i = 0; i < LINKS; ++i) {
        int more = follow(out);
        if (more <= 0)
            return more;
    }
    return fail_with(ELOOP);
}

/* Is `target` the file that was found? /proc has links whose text is no path. */
static bool is_same(const char *target, const struct stat *found) {
    struct stat about;
    return stat(target, &about) == 0 && about.st_dev == found->st_dev &&
           about.st_ino == found->st_ino;
}

/* A device or a pipe is not replaced. Without a reader a pipe is an error, not a wait. */
static int write_into(const char *path, const void *data, size_t size) {
    int fd = open(path, O_WRONLY | O_TRUNC | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return -1;
    int flags = fcntl(fd, F_GETFL), result = flags < 0 ? -1 : 0;
    if (result == 0)
        result = fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
    if (result == 0)
        result = write_all(fd, data, size);
    return close_after(fd, result);
}

/* ---- temporary files ------------------------------------------------------------------------ */

static int temporary_name(const char *path, int i, char *out) {
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    int length = snprintf(out, PATH_MAX, "%.*s%.*s.%ld.%d.tmp", (int)(name - path), path, NAME,
                          name, (long)getpid(), i);
    return length < 0 || length >= PATH_MAX ? fail_with(ENAMETOOLONG) : 0;
}

/* Opens the folder of a file. */
static int open_folder(const char *path, int flags, mode_t mode) {
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t length = slash ? (size_t)(slash - path) : 0;
    memcpy(folder, path, length);
    folder[length] = '\0';
    return open(length ? folder : slash ? "/" : ".", flags | O_CLOEXEC, mode);
}

/* The rename itself must survive a crash. Some file systems cannot: not worth an error. */
static void flush_folder(const char *path) {
    int fd = open_folder(path, O_RDONLY | O_DIRECTORY, 0);
    if (fd >= 0) {
        (void)fsync(fd);
        close(fd);
    }
}

/* Is this "name.DIGITS.DIGITS.tmp"? */
static bool is_temporary(const char *entry, const char *name) {
    size_t length = strnlen(name, NAME);
    if (strncmp(entry, name, length) != 0)
        return false;
    entry += length;
    for (int i = 0; i < 2; ++i) {
        size_t digits = *entry == '.' ? strspn(entry + 1, "0123456789") : 0;
        if (digits == 0)
            return false;
        entry += 1 + digits;
    }
    return strcmp(entry, ".tmp") == 0;
}

/* Who writes a temporary file holds its lock, wherever it runs: one that can be locked was
 * left by a kill.                                                                         */
static void remove_stale(int folder, const char *entry) {
    struct stat about;
    if (fstatat(folder, entry, &about, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(about.st_mode))
        return;
    int fd = openat(folder, entry, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        (void)unlinkat(folder, entry, 0);
    close(fd);
}

static void remove_leftovers(const char *path) {
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    int fd = open_folder(path, O_RDONLY | O_DIRECTORY, 0);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    if (!folder) {
        if (fd >= 0)
            close(fd);
        return;
    }
    for (const struct dirent *entry; (entry = readdir(folder));)
        if (is_temporary(entry->d_name, name))
            remove_stale(dirfd(folder), entry->d_name);
    closedir(folder);
}

/* Gives it a name, which goes to `temporary`. */
static int give_name(int fd, const char *path, char *temporary) {
    char self[64];
    snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
    for (int i = 0; i < TRIES; ++i) {
        if (temporary_name(path, i, temporary) < 0)
            return -1;
        if (linkat(AT_FDCWD, self, AT_FDCWD, temporary, AT_SYMLINK_FOLLOW) == 0)
            return 0;
        if (errno != EEXIST)
            return -1;
    }
    return -1;
}

/* Opens a new file with a name, locked. Whoever cleans up may take it before we lock it. */
static int open_named(const char *path, mode_t mode, char *temporary) {
    for (int i = 0; i < TRIES; ++i) {
        struct stat about;
        if (temporary_name(path, i, temporary) < 0)
            return -1;
        int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
        if (fd < 0 && errno == EEXIST)
            continue;
        if (fd < 0)
            return -1;
        bool locked = flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK;
        if (locked && fstat(fd, &about) == 0 && about.st_nlink > 0)
            return fd;
        close(fd);
    }
    return fail_with(EEXIST);
}

/* The new file takes over who may do what with the old one. A group that we cannot give it
 * to is not to be replaced by one that may do more than everybody.                        */
static int take_over(int fd, const struct stat *old) {
    mode_t mode = old->st_mode & 07777;
    struct stat now;
    if (fchown(fd, old->st_uid, old->st_gid) != 0 && fchown(fd, (uid_t)-1, old->st_gid) != 0 &&
        fstat(fd, &now) == 0 && now.st_gid != old->st_gid)
        mode = (mode & ~(mode_t)07070) | (mode & 0007) << 3;
    return fchmod(fd, mode);
}

/* Fills an opened file and makes it what `path` names. *named: temporary is its name. */
static int fill(int fd, const char *path, const struct stat *old, const char *data, size_t size,
                char *temporary, bool *named) {
    if (write_all(fd, data, size) != 0 || (old && take_over(fd, old) != 0) || fsync(fd) != 0)
        return -1;
    if (!*named && give_name(fd, path, temporary) != 0)
        return -1;
    *named = true;
    return rename(temporary, path);
}

/* path: resolved. old: NULL if there is no such file yet. */
static int replace(const char *path, const struct stat *old, const void *data, size_t size) {
    char temporary[PATH_MAX];
    mode_t mode = old ? 0600 : 0666;
    bool named = false;
    /* no name: a kill leaves nothing */
    int fd = open_folder(path, O_TMPFILE | O_WRONLY, mode), result = -1;
    if (fd >= 0) {
        (void)flock(fd, LOCK_EX | LOCK_NB);
        result = fill(fd, path, old, data, size, temporary, &named);
        if (result != 0 && !named && (errno == ENOENT || errno == EPERM || errno == EACCES)) {
            close(fd); /* no /proc, or a system that gives such files no name */
            fd = -1;
        }
    }
    if (fd < 0) {
        fd = open_named(path, mode, temporary);
        if (fd < 0)
            return -1;
        named = true;
        result = fill(fd, path, old, data, size, temporary, &named);
    }
    if (result != 0 && named) {
        int reason = errno;
        (void)unlink(temporary);
        errno = reason;
    }
    return close_after(fd, result);
}

/* Refuses what cannot be written and what is no place for a file. */
static int check_old(const char *path, const struct stat *old) {
    if (S_ISDIR(old->st_mode))
        return fail_with(EISDIR);
    if (S_ISBLK(old->st_mode))
        return fail_with(EPERM);
    return S_ISREG(old->st_mode) ? faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) : 0;
}

static int put(const char *path, const void *data, size_t size) {
    char target[PATH_MAX];
    struct stat old;
    bool there = stat(path, &old) == 0;
    if (there ? check_old(path, &old) != 0 : errno != ENOENT)
        return -1;
    if (there && !S_ISREG(old.st_mode))
        return write_into(path, data, size);
    if (resolve(path, target) != 0)
        return -1;
    if (there && !is_same(target, &old))
        return write_into(path, data, size);
    remove_leftovers(target);
    if (replace(target, there ? &old : NULL, data, size) != 0)
        return -1;
    flush_folder(target);
    return 0;
}

mf_status mf_file_replace(const char *path, const void *data, size_t size, mf_error *err) {
    return put(path, data, size) == 0 ? MF_OK : failed(err, "write", path);
}

/* ---- reading ---------------------------------------------------------------------------------- */

mf_status mf_file_open(mf_file *file, const char *path, const void *magic, size_t n,
                       mf_error *err) {
    char start[64];
    struct stat about;
    *file = (mf_file){0};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 || fstat(fd, &about) != 0) {
        mf_status status = failed(err, "open", path);
        if (fd >= 0)
            close(fd);
        return status;
    }
    *file = (mf_file){.fd_plus_one = fd + 1, .size = (size_t)about.st_size};
    mf_status status = MF_OK;
    if (!S_ISREG(about.st_mode)) {
        errno = S_ISDIR(about.st_mode) ? EISDIR : ESPIPE;
        status = failed(err, "read", path);
    } else if (n > sizeof start || file->size < n || pread(fd, start, n, 0) != (ssize_t)n ||
               memcmp(start, magic, n) != 0) {
        status = mf_fail(err, MF_EFORMAT, "not a file of this kind");
    }
    if (status < 0)
        mf_file_close(file);
    return status;
}

mf_status mf_file_read(const mf_file *file, const char *path, size_t at, void *data, size_t size,
                       mf_error *err) {
    char *to = data;
    for (size_t done = 0; done < size;) {
        ssize_t n = pread(file->fd_plus_one - 1, to + done, size - done, (off_t)(at + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return failed(err, "read", path);
        if (n == 0)
            return mf_fail(err, MF_EIO, "cut short while it was read");
        done += (size_t)n;
    }
    return MF_OK;
}

void mf_file_close(mf_file *file) {
    if (file->fd_plus_one)
        close(file->fd_plus_one - 1);
    *file = (mf_file){0};
}
