/* hot.h: the hot runtime's manual and its only public header.
 *
 * Includes no other header, so that images for any system can be built without that system's SDK.
 */
#ifndef VAIS_HOT_H
#define VAIS_HOT_H

#ifdef __cplusplus
extern "C" {
#endif

/* ---- 1. What an image and the runtime say to each other ------------------------------------------------------- */

/* Spelled out, never counted by the compiler; a change of any struct below raises it. */
#define HOT_ABI 1u

typedef void (*hot_address)(void);

/* A hot function of an image. `type` is the canonical form that contracts compare: "fn(*GameState, f64) -> i64". */
typedef struct hot_function {
    const char *name;
    const char *type;
    hot_address address;
} hot_function;

/* A global that the image uses. The runtime finds the program's global of this name and type, or makes it from
 * `initial` (zero bytes when null), and writes its address to `*slot` before any code of the image runs. */
typedef struct hot_global {
    const char *name;
    const char *type;
    unsigned long long size;  /* bytes */
    unsigned long long align; /* bytes, a power of two */
    void **slot;
    const void *initial;
} hot_global;

/* A foreign function that the image calls and that may live in the program itself. The runtime writes its address. */
typedef struct hot_foreign {
    const char *name;
    hot_address *slot;
} hot_foreign;

/* The runtime's functions, handed to each image on load. Only ever extended at the end. */
typedef struct hot_api {
    unsigned abi;  /* HOT_ABI of the runtime */
    unsigned size; /* sizeof(hot_api) of the runtime, in bytes */
    long long (*init)(const char *source);
    long long (*check)(void);
    long long (*reload)(void);
    long long (*version)(void);
    long long (*cleanup)(void);
    long long (*on_reload)(void (*callback)(long long version));
    const char *(*error)(void);
    int *(*line)(void); /* this thread's cell for the current source line */
} hot_api;

/* Exported by every image under the name `vais_hot_image`; the executable holds one for version 1 as a static. */
typedef struct hot_image {
    unsigned abi;           /* HOT_ABI */
    unsigned size;          /* sizeof(hot_image) in bytes, so that fields can be added at the end */
    const char *module;     /* "game" */
    const char *build_id;   /* 32 hex digits; reported from here, so from the code that is really loaded */
    const char *triple;     /* "x86_64-linux-gnu" */
    const char *contract;   /* NUL-terminated JSON records, as in the section `vais_contract` */
    unsigned long long contract_size; /* bytes, the last NUL included */
    unsigned tier;          /* 1 fast, 2 optimized */
    unsigned function_count;
    const hot_function *functions;
    unsigned global_count;
    unsigned foreign_count;
    const hot_global *globals;
    const hot_foreign *foreigns;
    const hot_api **api;    /* the runtime writes its table here before any code of the image runs; may be null */
} hot_image;

/* ---- 2. What a program says to its runtime --------------------------------------------------------------------- */

/* A foreign function that lives in the program: offered to images by name. */
typedef struct hot_offer {
    const char *name;
    hot_address address;
} hot_offer;

typedef struct hot_thread hot_thread;

/* One hot module of the program. Static storage; the runtime keeps the address. The order of image->functions is the
 * order of the table's slots, for ever: later images are matched to it by name. */
typedef struct hot_module {
    unsigned abi;  /* HOT_ABI */
    unsigned size; /* sizeof(hot_module) in bytes */
    const hot_image *image; /* version 1; the slots of its globals already point to the program's storage */
    const hot_offer *offers;
    unsigned offer_count;
    hot_thread *(*thread)(void); /* this thread's state for this module */
    void *runtime; /* the runtime's own; null at start */
} hot_module;

#ifdef __cplusplus
}
#endif
#endif
