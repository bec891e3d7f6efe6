/* folder.c: folders are made and held; rows are there whole or not at all, also on a full disk
 * (played by RLIMIT_FSIZE).                                                                    */
#include "core/base/folder.h"
#include "check.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static long size_of(const char *path) {
    struct stat there;
    return stat(path, &there) == 0 ? (long)there.st_size : -1;
}

static void folders(void) {
    mf_error err;
    expect(mf_folder_make("a/b//c/", &err) == MF_OK, "a folder and those above it are made");
    expect(size_of("a/b/c") >= 0, "it is there");
    expect(mf_folder_make("a/b/c", &err) == MF_OK, "one that is there is fine");
    expect(mf_folder_make("", &err) == MF_EIO, "no name is refused");
    fclose(fopen("file", "w"));
    expect(mf_folder_make("file/x", &err) == MF_EIO && strstr(err.text, "file/x"),
           "a file in the way is named");
    int first, second;
    expect(mf_folder_hold("a/held", &first, &err) == MF_OK, "a folder can be held");
    expect(mf_folder_hold("a/held", &second, &err) == MF_EIO && strstr(err.text, "in use"),
           "but only once");
    close(first);
    expect(mf_folder_hold("a/held", &second, &err) == MF_OK, "and again when it is free");
    close(second);
}

static void rows(void) {
    mf_error err;
    mf_rows file;
    const struct rlimit limit = {1000, RLIM_INFINITY};
    char row[300];
    memset(row, 'x', sizeof row);
    expect(mf_rows_open(&file, "rows", &err) == MF_OK, "a file can be opened");
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &limit);
    for (int i = 1; i <= 3; ++i)
        expect(mf_rows_add(&file, "rows", row, sizeof row, &err) == MF_OK, "rows are added");
    expect(mf_rows_add(&file, "rows", row, sizeof row, &err) == MF_EIO && strstr(err.text, "rows"),
           "one that does not fit is an error that names the file");
    expect(size_of("rows") == 900, "no part of it stays");
    expect(mf_rows_add(&file, "rows", row, 100, &err) == MF_OK && size_of("rows") == 1000,
           "a shorter one still fits");
    mf_rows_close(&file);
    mf_rows_close(&file);
}

/* What rows_open makes of a file that holds `n` bytes, whole rows up to `whole`. */
static void reopened(const char *text, size_t n, long whole) {
    mf_error err;
    mf_rows file;
    FILE *out = fopen("cut", "w");
    fwrite(text, 1, n, out);
    fclose(out);
    expect(mf_rows_open(&file, "cut", &err) == MF_OK && size_of("cut") == whole,
           "a row that was cut off is gone when the file is opened again");
    expect(mf_rows_add(&file, "cut", "z\n", 2, &err) == MF_OK && size_of("cut") == whole + 2,
           "the next row follows the last whole one");
    mf_rows_close(&file);
}

static void tails(void) {
    static char wide[20000];
    memset(wide, 'y', sizeof wide);
    wide[0] = '\n';
    reopened("a\nbc\n", 5, 5);
    reopened("a\nbc\nd", 6, 5);
    reopened("abc", 3, 0);
    reopened("", 0, 0);
    reopened(wide, sizeof wide, 1);
    reopened(wide, 4096, 1);
    reopened(wide, 4097, 1);
    reopened(wide + 1, sizeof wide - 1, 0);
}

int main(void) {
    char place[] = "/tmp/mf-folder-XXXXXX", command[64];
    if (!mkdtemp(place) || chdir(place) != 0)
        return 1;
    folders();
    tails();
    rows();
    snprintf(command, sizeof command, "rm -r %s", place);
    expect(chdir("/") == 0 && system(command) == 0, "tidied up");
    return verdict();
}
