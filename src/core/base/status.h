/* status.h: how a core function says what happened.
 *
 * Every function that can fail returns an mf_status and fills an mf_error:
 * zero is success, negative an error, positive a success with information.
 * One list gives the enum and its texts.                                     */
#ifndef MF_STATUS_H
#define MF_STATUS_H

#include <stdatomic.h>

#define MF_STATUS_LIST(X)                                                                          \
    X(MF_OK, 0, "success")                                                                         \
    X(MF_STOPPED, 1, "stopped by the interrupt flag")                                              \
    X(MF_INEXACT, 2, "requested accuracy not reached; the error estimate says how close")          \
    X(MF_EINVAL, -1, "invalid argument")                                                           \
    X(MF_EDOMAIN, -2, "argument outside the domain")                                               \
    X(MF_ENOMEM, -3, "out of memory")                                                              \
    X(MF_EDIVERGED, -4, "diverged")                                                                \
    X(MF_EACCURACY, -5, "no accurate result")                                                      \
    X(MF_EIO, -6, "input or output failed")                                                        \
    X(MF_EFORMAT, -7, "not a file of this kind, or damaged")                                       \
    X(MF_EUNSUPPORTED, -8, "not supported for these ingredients")                                  \
    X(MF_ELIBRARY, -9, "a numerical library reported an error")                                    \
    X(MF_EINTERRUPTED, -10, "interrupted")                                                         \
    X(MF_ERAISED, -11, "a function of the caller's raised an error")

typedef enum {
#define X(name, value, text) name = (value),
    MF_STATUS_LIST(X)
#undef X
} mf_status;

typedef struct {
    mf_status status;
    char text[256]; /* one sentence without a full stop; names the field and the value */
} mf_error;

/* Text of a status, never NULL. */
const char *mf_status_text(mf_status status);

/* Fills err (which may be NULL) printf-like and returns status. */
mf_status mf_fail(mf_error *err, mf_status status, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

/* NaN has no sign to speak of: -nan in a text becomes nan, where it is a word. */
void mf_unsigned_nan(char *text);

/* The one interrupt flag. Whoever owns the loop hands a pointer to it (or NULL)
 * to the core, which polls it and returns MF_STOPPED with its state intact.     */
typedef atomic_int mf_flag;

static inline int mf_flag_is_set(const mf_flag *flag) {
    return flag && atomic_load_explicit(flag, memory_order_relaxed) != 0;
}

/* MF_EINTERRUPTED if the flag is raised: for constructors, which have no state to keep. */
static inline mf_status mf_poll(const mf_flag *flag, mf_error *err) {
    return mf_flag_is_set(flag) ? mf_fail(err, MF_EINTERRUPTED, "interrupted") : MF_OK;
}

#endif
