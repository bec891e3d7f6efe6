/* status.c: texts of the status codes, and the one way to fill an error. */
#include "status.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

const char *mf_status_text(mf_status status) {
    switch (status) {
#define X(name, value, text)                                                                       \
    case name:                                                                                     \
        return text;
        MF_STATUS_LIST(X)
#undef X
    }
    return "unknown status";
}

static bool is_part_of_word(char c) {
    return isalnum((unsigned char)c) || (c && strchr("_-./", c));
}

void mf_unsigned_nan(char *text) {
    for (char *at = text; (at = strstr(at, "-nan")) != NULL; ++at)
        if ((at == text || !is_part_of_word(at[-1])) && !isalnum((unsigned char)at[4]))
            memmove(at, at + 1, strlen(at));
}

mf_status mf_fail(mf_error *err, mf_status status, const char *format, ...) {
    if (err) {
        va_list args;
        va_start(args, format);
        vsnprintf(err->text, sizeof err->text, format, args);
        va_end(args);
        mf_unsigned_nan(err->text);
        err->status = status;
    }
    return status;
}
