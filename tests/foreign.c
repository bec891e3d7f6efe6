/* foreign.c: writes an HDF5 file as other programs write them (h5py above all): strings of any length,
 * enumerated booleans, numbers of every width and order, packed and empty ones, and what has no
 * counterpart here. tests/foreign_spec.lua knows what is in it.   foreign PATH              */
#include <hdf5.h>

#include <stdint.h>
#include <stdio.h>
#include <string.h>

static hid_t file;
static int failed;

static void check(int64_t result, const char *what) {
    if (result < 0) {
        printf("cannot write %s\n", what);
        failed = 1;
    }
}

/* A data set of the type `stored`, from memory as `given`. */
static hid_t dataset(const char *name, hid_t stored, hid_t given, int ndim, const hsize_t *dims,
                     hid_t creation, const void *data) {
    hid_t space = ndim < 0    ? H5Screate(H5S_NULL)
                  : ndim == 0 ? H5Screate(H5S_SCALAR)
                              : H5Screate_simple(ndim, dims, NULL);
    hid_t set = H5Dcreate2(file, name, stored, space, H5P_DEFAULT, creation, H5P_DEFAULT);
    check(set, name);
    if (data)
        check(H5Dwrite(set, given, H5S_ALL, H5S_ALL, H5P_DEFAULT, data), name);
    H5Sclose(space);
    return set;
}

static void list(const char *name, hid_t stored, hid_t given, hsize_t n, const void *data) {
    H5Dclose(dataset(name, stored, given, 1, &n, H5P_DEFAULT, data));
}

static void scalar(const char *name, hid_t type, const void *data) {
    H5Dclose(dataset(name, type, type, 0, NULL, H5P_DEFAULT, data));
}

static void attribute(hid_t object, const char *name, hid_t type, const void *data) {
    hid_t space = H5Screate(H5S_SCALAR);
    hid_t it = H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    check(it, name);
    check(H5Awrite(it, type, data), name);
    H5Aclose(it);
    H5Sclose(space);
}

static void strings(void) {
    const char *text = "Δ ≤ ∞", *texts[] = {"a", "größer", "", "κ"};
    char cells[] = "ab cde  f   ";
    hid_t any = H5Tcopy(H5T_C_S1), ascii = H5Tcopy(H5T_C_S1);
    H5Tset_size(any, H5T_VARIABLE);
    H5Tset_cset(any, H5T_CSET_UTF8);
    H5Tset_size(ascii, 4);
    H5Tset_strpad(ascii, H5T_STR_SPACEPAD);
    scalar("text", any, &text);
    list("texts", any, any, 4, texts);
    list("cells", ascii, ascii, 3, cells);
    attribute(file, "who", any, &text);
    hsize_t table[] = {2, 2};
    H5Dclose(dataset("text table", any, any, 2, table, H5P_DEFAULT, texts));
    H5Tclose(any);
    H5Tclose(ascii);
}

static void booleans(void) {
    int8_t no = 0, yes = 1, both[] = {1, 0, 1};
    hid_t boolean = H5Tenum_create(H5T_NATIVE_INT8), color = H5Tenum_create(H5T_NATIVE_INT8);
    H5Tenum_insert(boolean, "FALSE", &no);
    H5Tenum_insert(boolean, "TRUE", &yes);
    H5Tenum_insert(color, "RED", &no);
    H5Tenum_insert(color, "BLUE", &yes);
    scalar("flag", boolean, &yes);
    list("flags", boolean, boolean, 3, both);
    list("colors", color, color, 3, both);
    attribute(file, "quick", boolean, &no);
    H5Tclose(boolean);
    H5Tclose(color);
}

static void numbers(void) {
    const hid_t integers[] = {H5T_STD_I8LE,  H5T_STD_U8LE,  H5T_STD_I16LE, H5T_STD_U16LE,
                              H5T_STD_I32LE, H5T_STD_U32LE, H5T_STD_I64LE, H5T_STD_U64LE,
                              H5T_STD_I16BE, H5T_STD_U16BE, H5T_STD_I32BE, H5T_STD_U32BE,
                              H5T_STD_I64BE, H5T_STD_U64BE};
    const int64_t some[] = {1, 2, 100}, signs[] = {-1, 0, 7};
    const double reals[] = {1.5, -0.25, 1024};
    const uint64_t huge = UINT64_MAX, wide[] = {1, UINT64_C(1) << 60};
    char name[32];
    for (size_t i = 0; i < sizeof integers / sizeof *integers; ++i) {
        int negative = H5Tget_sign(integers[i]) == H5T_SGN_2;
        snprintf(name, sizeof name, "%c%zu%s", negative ? 'i' : 'u', 8 * H5Tget_size(integers[i]),
                 H5Tget_order(integers[i]) == H5T_ORDER_BE ? "be" : "");
        list(name, integers[i], H5T_NATIVE_INT64, 3, negative ? signs : some);
    }
    list("f32", H5T_IEEE_F32LE, H5T_NATIVE_DOUBLE, 3, reals);
    list("f32be", H5T_IEEE_F32BE, H5T_NATIVE_DOUBLE, 3, reals);
    list("f64be", H5T_IEEE_F64BE, H5T_NATIVE_DOUBLE, 3, reals);
    list("f80", H5T_NATIVE_LDOUBLE, H5T_NATIVE_DOUBLE, 3, reals);
    hid_t half = H5Tcopy(H5T_IEEE_F32LE); /* numpy's float16 */
    H5Tset_fields(half, 15, 10, 5, 0, 10);
    H5Tset_size(half, 2);
    H5Tset_ebias(half, 15);
    list("f16", half, H5T_NATIVE_DOUBLE, 3, reals);
    H5Tclose(half);
    scalar("u64 huge", H5T_NATIVE_UINT64, &huge);
    list("u64 wide", H5T_STD_U64LE, H5T_NATIVE_UINT64, 2, wide);
    attribute(file, "count", H5T_NATIVE_INT64, &some[2]);
}

static void shapes(void) {
    double data[24];
    int64_t none = 0;
    hsize_t cube[] = {2, 3, 4}, matrix[] = {4, 6}, chunk[] = {3, 4}, empty[] = {0}, flat[] = {3, 0};
    for (int i = 0; i < 24; ++i)
        data[i] = i;
    hid_t packed = H5Pcreate(H5P_DATASET_CREATE), filtered = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_chunk(packed, 2, chunk);
    H5Pset_shuffle(packed);
    H5Pset_deflate(packed, 6);
    H5Pset_chunk(filtered, 2, chunk);
    H5Pset_fletcher32(filtered);
    H5Dclose(dataset("packed", H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, 2, matrix, packed, data));
    H5Dclose(dataset("summed", H5T_IEEE_F32BE, H5T_NATIVE_DOUBLE, 2, matrix, filtered, data));
    H5Dclose(dataset("cube", H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, 3, cube, H5P_DEFAULT, data));
    H5Dclose(dataset("empty", H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, 1, empty, H5P_DEFAULT, data));
    H5Dclose(dataset("flat", H5T_STD_I32LE, H5T_NATIVE_INT64, 2, flat, H5P_DEFAULT, &none));
    H5Dclose(dataset("null", H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, -1, NULL, H5P_DEFAULT, NULL));
    H5Pclose(packed);
    H5Pclose(filtered);
}

static void strangers(void) {
    double pair[] = {1, 2};
    hvl_t ragged[2] = {{2, pair}, {1, pair}};
    hsize_t two = 2;
    uint8_t bits = 5;
    hobj_ref_t reference;
    hid_t complex = H5Tcreate(H5T_COMPOUND, sizeof pair), rows = H5Tvlen_create(H5T_NATIVE_DOUBLE),
          pairs = H5Tarray_create2(H5T_NATIVE_DOUBLE, 1, &two);
    H5Tinsert(complex, "r", 0, H5T_NATIVE_DOUBLE);
    H5Tinsert(complex, "i", sizeof *pair, H5T_NATIVE_DOUBLE);
    scalar("complex", complex, pair);
    list("ragged", rows, rows, 2, ragged);
    scalar("pair", pairs, pair);
    scalar("bits", H5T_NATIVE_B8, &bits);
    check(H5Rcreate(&reference, file, "text", H5R_OBJECT, -1), "reference");
    scalar("reference", H5T_STD_REF_OBJ, &reference);
    attribute(file, "z", complex, pair);
    check(H5Tcommit2(file, "a type", complex, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), "a type");
    H5Tclose(complex);
    H5Tclose(rows);
    H5Tclose(pairs);
}

static void links(void) {
    int64_t one = 1;
    hid_t inner = H5Gcreate2(file, "inner", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    attribute(inner, "unit", H5T_NATIVE_INT64, &one);
    hid_t described =
            dataset("described", H5T_STD_I8LE, H5T_NATIVE_INT64, 0, NULL, H5P_DEFAULT, &one);
    attribute(described, "CLASS", H5T_NATIVE_INT64, &one);
    H5Dclose(described);
    check(H5Lcreate_soft("/flag", inner, "soft", H5P_DEFAULT, H5P_DEFAULT), "soft");
    check(H5Lcreate_soft("/nowhere", inner, "dangling", H5P_DEFAULT, H5P_DEFAULT), "dangling");
    check(H5Lcreate_external("other.h5", "/x", inner, "external", H5P_DEFAULT, H5P_DEFAULT), "ext");
    check(H5Lcreate_hard(file, "/inner", inner, "circle", H5P_DEFAULT, H5P_DEFAULT), "circle");
    H5Gclose(inner);
}

int main(int argc, char **argv) {
    if (argc != 2)
        return 2;
    file = H5Fcreate(argv[1], H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    check(file, argv[1]);
    if (file < 0)
        return 1;
    strings();
    booleans();
    numbers();
    shapes();
    strangers();
    links();
    check(H5Fclose(file), argv[1]);
    return failed;
}
