/* store_read.c: reading stores: the checksum, the child that parses, and what comes from it.
 *
 * The child holds the image already and has one open descriptor: it may take memory, write
 * and exit (a seccomp filter sees to that), for a bounded time. Its records are read as those
 * of a stranger too.
 *
 * Files with a right checksum go the same way: it tells of accidents, but anybody can make one.
 * The price of a small file is 13 ms of processor time, of which parsing is 0.2 and the rest is
 * the fork and the pages that the child touches; 20 ms more where the process holds 400 MB.   */
#define _GNU_SOURCE /* pipe2 */
#include "checksum.h"
#include "file.h"
#include "store_parts.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif

enum {
    COMPRESSION = 1100,   /* more than deflate can do: a larger claim is damage          */
    SMALL = 1 << 20,      /* bytes of values in any file                                  */
    WORKROOM = 256 << 20, /* bytes of memory that parsing may take besides                */
    SECONDS = 60,         /* of processor time, and one more for every 16 MiB of the file */
    USER_BLOCK = 1 << 20  /* HDF5 may start at 0, 512, 1024, ...: this is how far we look */
};

/* ---- the checksum --------------------------------------------------------------------------- */

static uint64_t word_at(const char *at) {
    uint64_t word;
    memcpy(&word, at, sizeof word);
    return le64toh(word);
}

/* Is this one of our files with its trailer destroyed or followed by more? The first version
 * of the superblock says where HDF5 ends.                                                  */
static bool lost_trailer(const char *image, size_t size) {
    if (size < 48 + MF_STORE_TRAILER || image[8] != 0)
        return false;
    uint64_t end = word_at(image + 40);
    return end == size - MF_STORE_TRAILER ||
           (end < size - MF_STORE_TRAILER && memcmp(image + end, MF_STORE_MAGIC, 8) == 0);
}

/* Bytes of HDF5 in the image; a file without a checksum is a stranger's. */
static mf_status verify(const char *image, size_t size, size_t *length, mf_error *err) {
    *length = size;
    if (size < MF_STORE_TRAILER)
        return MF_OK;
    const char *trailer = image + size - MF_STORE_TRAILER;
    if (memcmp(trailer, MF_STORE_MAGIC, 8) != 0) {
        if (lost_trailer(image, size))
            return mf_fail(err, MF_EFORMAT, "damaged: its checksum is lost");
        return MF_OK;
    }
    *length = size - MF_STORE_TRAILER;
    if (word_at(trailer + 8) != *length || word_at(trailer + 16) != mf_checksum(image, *length))
        return mf_fail(err, MF_EFORMAT, "damaged: its checksum is another");
    return MF_OK;
}

/* ---- the child ------------------------------------------------------------------------------- */

#if defined(SANITIZED) || !(defined(__x86_64__) || defined(__aarch64__))
static void give_up_rights(size_t memory) {
    (void)memory; /* sanitizers need more than we would leave them */
}
#else
#ifdef __x86_64__
#define ARCHITECTURE AUDIT_ARCH_X86_64
#else
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

/* Allows a system call; others fall through. */
#define ALLOW(call)                                                                                \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##call, 0, 1),                                         \
            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

/* Memory, writing to what is open, and the end. A kernel without filters: only the limits. */
static void give_up_rights(size_t memory) {
    struct sock_filter filter[] = {
            BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
            BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0),
            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
            BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
            ALLOW(write),
            ALLOW(brk),
            ALLOW(mmap),
            ALLOW(munmap),
            ALLOW(mremap),
            ALLOW(mprotect),
            ALLOW(madvise),
            ALLOW(futex),
            ALLOW(getcwd),
            ALLOW(clock_gettime),
            ALLOW(gettimeofday),
            ALLOW(getpid),
            ALLOW(gettid),
            ALLOW(tgkill),
            ALLOW(rt_sigprocmask),
            ALLOW(rt_sigaction),
            ALLOW(rt_sigreturn),
            ALLOW(exit),
            ALLOW(exit_group),
            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
    };
    struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
    struct rlimit limit = {memory, memory};
    (void)setrlimit(RLIMIT_AS, &limit);
    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    (void)prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}
#endif

/* Bytes of address space in use. */
static size_t address_space(void) {
    char text[32] = "";
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        (void)!read(fd, text, sizeof text - 1);
        close(fd);
    }
    return strtoul(text, NULL, 10) * (size_t)sysconf(_SC_PAGESIZE);
}

/* Quiet: what a dying library says is not for the user's terminal. */
static void be_quiet(void) {
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd = 0; null >= 0 && fd < 3; ++fd)
        (void)dup2(null, fd);
}

static _Noreturn void child(const char *image, size_t size, size_t budget, int fd) {
    static const int caught[] = {SIGINT, SIGTERM, SIGSEGV, SIGBUS, SIGFPE, SIGABRT, SIGPIPE};
    const struct rlimit none = {0, 0},
                        time = {SECONDS + size / (16 << 20), SECONDS + size / (16 << 20)};
    for (size_t i = 0; i < sizeof caught / sizeof *caught; ++i)
        signal(caught[i], SIG_DFL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)setrlimit(RLIMIT_CPU, &time);
    be_quiet();
    give_up_rights(address_space() + WORKROOM + 2 * size + 3 * budget);
    mf_store_parse(image, size, budget, fd);
    _exit(0);
}

/* ---- the parent ------------------------------------------------------------------------------- */

/* Reads all that the child writes into malloc'ed memory: 0, or the reason. */
static int receive(int fd, size_t limit, char **out, size_t *size) {
    char *data = NULL;
    size_t used = 0, room = 0;
    for (;;) {
        if (used == room) {
            room = room ? 2 * room : 1 << 16;
            char *more = realloc(data, room);
            if (!more)
                break;
            data = more;
        }
        ssize_t n = read(fd, data + used, room - used);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            *out = data;
            *size = used;
            return n < 0 ? errno : 0;
        }
        used += (size_t)n;
        if (used > limit)
            break;
    }
    free(data);
    *out = NULL;
    return ENOMEM;
}

static mf_status how_it_ended(pid_t pid, mf_error *err) {
    int status = 0;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return MF_OK; /* somebody waits for all children: the records say whether all came */
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGINT)
        return mf_fail(err, MF_EINTERRUPTED, "interrupted");
    if (WIFSIGNALED(status) && (WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGKILL))
        return mf_fail(err, MF_EFORMAT, "damaged: reading it takes no end");
    if (WIFSIGNALED(status))
        return mf_fail(err, MF_EFORMAT, "damaged: HDF5 dies of it (%s)",
                       strsignal(WTERMSIG(status)));
    return WEXITSTATUS(status) ? mf_fail(err, MF_EFORMAT, "damaged: HDF5 gives up on it") : MF_OK;
}

static mf_status parse(mf_store_reader *reader, const char *image, size_t size, mf_error *err) {
    int ends[2];
    size_t budget =
            size > (SIZE_MAX / 8 - SMALL) / COMPRESSION ? SIZE_MAX / 8 : COMPRESSION * size + SMALL;
    H5open(); /* not anew in every child */
    if (pipe2(ends, O_CLOEXEC) < 0)
        return mf_fail(err, MF_EIO, "no pipe to read through: %s", strerror(errno));
    pid_t pid = fork();
    if (pid == 0)
        child(image, size, budget, ends[1]);
    int reason = errno;
    close(ends[1]);
    char *records = NULL;
    size_t length = 0;
    if (pid > 0)
        reason = receive(ends[0], 2 * budget + (WORKROOM << 1), &records, &length);
    close(ends[0]);
    if (pid < 0)
        return mf_fail(err, MF_EIO, "no process to read in: %s", strerror(reason));
    mf_status status = how_it_ended(pid, err);
    if (status >= 0 && reason)
        status = mf_fail(err, MF_ENOMEM, "no memory for its values");
    if (status >= 0)
        return mf_store_accept(reader, records, length, err);
    free(records);
    return status;
}

static bool is_hdf5(const char *image, size_t size) {
    for (size_t at = 0; at + 8 <= size && at <= USER_BLOCK; at = at ? 2 * at : 512)
        if (memcmp(image + at, "\211HDF\r\n\032\n", 8) == 0)
            return true;
    return false;
}

mf_status mf_store_open_image(mf_store_reader *reader, const void *image, size_t size,
                              mf_error *err) {
    *reader = (mf_store_reader){0};
    if (!is_hdf5(image, size))
        return mf_fail(err, MF_EFORMAT, "not an HDF5 file");
    mf_status status = verify(image, size, &size, err);
    return status < 0 ? status : parse(reader, image, size, err);
}

/* The start of a file, before the rest is read. */
static mf_status check_start(mf_file *file, const char *path, mf_error *err) {
    for (size_t at = 0; at + 8 <= file->size && at <= USER_BLOCK; at = at ? 2 * at : 512) {
        char start[8];
        mf_status status = mf_file_read(file, path, at, start, sizeof start, err);
        if (status < 0 || is_hdf5(start, sizeof start))
            return status;
    }
    return mf_fail(err, MF_EFORMAT, "not an HDF5 file");
}

mf_status mf_store_open(mf_store_reader *reader, const char *path, mf_error *err) {
    mf_file file;
    *reader = (mf_store_reader){0};
    mf_status status = mf_file_open(&file, path, "", 0, err);
    if (status < 0)
        return status;
    char *image = NULL;
    status = check_start(&file, path, err);
    if (status >= 0 && !(image = malloc(file.size)))
        status = mf_fail(err, MF_ENOMEM, "no memory for its %zu bytes", file.size);
    if (status >= 0)
        status = mf_file_read(&file, path, 0, image, file.size, err);
    if (status >= 0)
        status = mf_store_open_image(reader, image, file.size, err);
    mf_file_close(&file);
    free(image);
    return status;
}

/* ---- records ------------------------------------------------------------------------------------- */

static size_t padded(uint64_t bytes) {
    return (size_t)((bytes + 7) & ~UINT64_C(7));
}

/* Does a whole record lie at `at`? */
static bool is_whole(const mf_store_reader *r, size_t at, mf_store_record *record) {
    if (r->size - at < sizeof *record)
        return false;
    memcpy(record, r->items + at, sizeof *record);
    size_t left = r->size - at - sizeof *record;
    if (record->name < 1 || record->name > sizeof(mf_error) || padded(record->name) > left ||
        r->items[at + sizeof *record + record->name - 1] != '\0')
        return false;
    left -= padded(record->name);
    return record->data <= left && padded(record->data) <= left;
}

static mf_store_value value_of(const mf_store_record *record, const char *data) {
    return (mf_store_value){(mf_store_kind)record->kind,
                            (int)record->ndim,
                            {(size_t)record->dims[0], (size_t)record->dims[1]},
                            (size_t)record->width,
                            data};
}

/* Is the value as its kind says? */
static bool is_sound(const mf_store_record *record) {
    if (record->kind > MF_STORE_SKIPPED || record->ndim > 2 || record->name > MF_STORE_NAME)
        return false;
    mf_store_value value = value_of(record, NULL);
    bool list = value.kind == MF_STORE_STRINGS || value.kind == MF_STORE_BOOLEANS;
    if (list ? value.ndim != 1 : value.kind != MF_STORE_DOUBLES && value.ndim != 0)
        return false;
    if (value.kind == MF_STORE_STRINGS && value.width == 0)
        return false;
    return mf_store_bytes(&value) == record->data;
}

/* 1: all records are sound and in balance; 0: not; -1: they end with a failure, at `at`. */
static int check_records(mf_store_reader *r) {
    mf_store_record record;
    size_t depth = 0;
    for (r->at = 0; is_whole(r, r->at, &record);
         r->at += sizeof record + padded(record.name) + padded(record.data)) {
        if (record.kind == MF_STORE_FAILED)
            return -1;
        if (record.kind == MF_STORE_DONE)
            return depth == 0;
        if (!is_sound(&record) || (record.kind == MF_STORE_LEAVE && depth == 0))
            return 0;
        depth += record.kind == MF_STORE_GROUP;
        depth -= record.kind == MF_STORE_LEAVE;
        if (depth > MF_STORE_DEPTH)
            return 0;
    }
    return 0;
}

mf_status mf_store_accept(mf_store_reader *reader, char *records, size_t size, mf_error *err) {
    *reader = (mf_store_reader){.items = records, .size = size};
    int answer = check_records(reader);
    if (answer > 0) {
        reader->at = 0;
        return MF_OK;
    }
    mf_status status = MF_EFORMAT;
    const char *words = answer < 0 ? reader->items + reader->at + sizeof(mf_store_record) : "";
    if (words[0] != '\0')
        mf_fail(err, status, "%s", words);
    else
        mf_fail(err, status, "damaged: reading it came to no end");
    mf_store_reader_close(reader);
    return status;
}

bool mf_store_next(mf_store_reader *reader, mf_store_item *item) {
    mf_store_record record;
    const char *at = reader->items + reader->at;
    memcpy(&record, at, sizeof record);
    if (record.kind == MF_STORE_DONE)
        return false;
    const char *name = at + sizeof record, *data = name + padded(record.name);
    *item = (mf_store_item){record.attribute != 0, name, value_of(&record, data)};
    reader->at += sizeof record + padded(record.name) + padded(record.data);
    return true;
}

bool mf_store_find(const mf_store_reader *reader, const char *name, mf_store_item *item) {
    mf_store_reader from = *reader;
    size_t depth = 0;
    from.at = 0;
    while (mf_store_next(&from, item)) {
        if (depth == 0 && !item->attribute && item->value.kind != MF_STORE_SKIPPED &&
            strcmp(item->name, name) == 0)
            return true;
        depth += item->value.kind == MF_STORE_GROUP;
        depth -= item->value.kind == MF_STORE_LEAVE;
    }
    return false;
}

void mf_store_reader_close(mf_store_reader *reader) {
    free(reader->items);
    *reader = (mf_store_reader){0};
}
