/* exact.h: numbers as text that mean exactly what they say: "0.3", "1e-5", "1/3", "0x1.8p-1".
 *
 * A double is handed over as "%a", a decimal string as it stands: nothing is rounded before
 * ball arithmetic begins.                                                                  */
#ifndef MF_EXACT_H
#define MF_EXACT_H

#include "core/base/status.h"

#include <fmpq.h>

/* Reads all of text; name is for the error. Exponents up to 400 (decimal), 1100 (binary). */
mf_status mf_exact_read(fmpq_t x, const char *text, const char *name, mf_error *err);

/* "p/q" or "p" in at most size bytes; MF_EINVAL if it does not fit. */
mf_status mf_exact_write(const fmpq_t x, char *text, size_t size, mf_error *err);

#endif
