/* exact.c: rational numbers from decimal, hexadecimal and fraction texts, and back. */
#include "exact.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static int digit_of(char c, int base) {
    int value = isdigit((unsigned char)c)    ? c - '0'
                : isxdigit((unsigned char)c) ? tolower((unsigned char)c) - 'a' + 10
                                             : 99;
    return value < base ? value : -1;
}

/* Digits with one point: mantissa, the number of digits behind the point; where they end. */
static const char *read_digits(fmpz_t mantissa, long *behind, const char *at, int base) {
    int digits = 0, point = 0;
    *behind = 0;
    for (fmpz_zero(mantissa);; ++at) {
        if (*at == '.' && !point) {
            point = 1;
            continue;
        }
        int value = digit_of(*at, base);
        if (value < 0)
            break;
        fmpz_mul_ui(mantissa, mantissa, (ulong)base);
        fmpz_add_ui(mantissa, mantissa, (ulong)value);
        *behind += point;
        ++digits;
    }
    return digits ? at : NULL;
}

/* An exponent behind one of the two letters, within +-limit; NULL: not one. */
static const char *read_exponent(long *exponent, const char *at, const char *letters, long limit) {
    *exponent = 0;
    if (!*at || !strchr(letters, *at))
        return at;
    char *end;
    if (!isdigit((unsigned char)at[1]) &&
        !(strchr("+-", at[1]) && at[1] && isdigit((unsigned char)at[2])))
        return NULL;
    *exponent = strtol(at + 1, &end, 10);
    return labs(*exponent) <= limit ? end : NULL;
}

/* An unsigned number; where it ends, or NULL. */
static const char *read_number(fmpq_t x, const char *at) {
    long behind, exponent;
    int hex = at[0] == '0' && (at[1] == 'x' || at[1] == 'X');
    at = read_digits(fmpq_numref(x), &behind, hex ? at + 2 : at, hex ? 16 : 10);
    if (at)
        at = read_exponent(&exponent, at, hex ? "pP" : "eE", hex ? 1100 : 400);
    fmpz_one(fmpq_denref(x));
    if (!at)
        return NULL;
    long power = exponent - (hex ? 4 * behind : behind);
    fmpz_t scale;
    fmpz_init(scale);
    fmpz_set_ui(scale, hex ? 2 : 10);
    fmpz_pow_ui(scale, scale, (ulong)labs(power));
    if (power >= 0)
        fmpq_mul_fmpz(x, x, scale);
    else
        fmpq_div_fmpz(x, x, scale);
    fmpz_clear(scale);
    return at;
}

mf_status mf_exact_read(fmpq_t x, const char *text, const char *name, mf_error *err) {
    int negative = *text == '-';
    const char *at = read_number(x, text + (negative || *text == '+'));
    if (at && *at == '/') {
        fmpq_t below;
        fmpq_init(below);
        at = read_number(below, at + 1);
        if (at && fmpq_is_zero(below))
            at = NULL;
        if (at)
            fmpq_div(x, x, below);
        fmpq_clear(below);
    }
    if (!at || *at)
        return mf_fail(err, MF_EINVAL,
                       "option '%s' must be a number such as \"0.3\", \"1/3\" or 1e-5, got '%.60s'",
                       name, text);
    if (negative)
        fmpq_neg(x, x);
    return MF_OK;
}

mf_status mf_exact_write(const fmpq_t x, char *text, size_t size, mf_error *err) {
    if (fmpz_sizeinbase(fmpq_numref(x), 10) + fmpz_sizeinbase(fmpq_denref(x), 10) + 4 > size)
        return mf_fail(err, MF_EINVAL, "a number has too many digits");
    fmpq_get_str(text, 10, x);
    return MF_OK;
}
