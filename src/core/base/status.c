/* status.c: texts of the status codes, and the one way to fill an error. */
#include "status.h"

#include <stdarg.h>
#include <stdio.h>

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

mf_status mf_fail(mf_error *err, mf_status status, const char *format, ...) {
    if (err) {
        va_list args;
        va_start(args, format);
        vsnprintf(err->text, sizeof err->text, format, args);
        va_end(args);
        err->status = status;
    }
    return status;
}
