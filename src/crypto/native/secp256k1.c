/*
 * secp256k1 by the libsecp256k1 that the system has: BIP-340, public keys, and ECDH without a hash.
 * Every function answers whether it could do what it was asked for: arguments of other types and
 * lengths, and numbers out of range, make it false. Nothing throws, and nothing secret stays behind.
 */

#include <node_api.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <secp256k1.h>
#include <secp256k1_ecdh.h>
#include <secp256k1_extrakeys.h>
#include <secp256k1_schnorrsig.h>
#include <stdlib.h>
#include <string.h>

/*
 * These compilers make branches on secrets of what older releases say (libsecp256k1's changelog, 0.3.1
 * and 0.3.2). A distribution's compiler is most likely the one that made its library, and this macro
 * was in the header until 0.3.1.
 */
#if defined(SECP256K1_INLINE) && (__GNUC__ >= 13 || __clang_major__ >= 14)
#error "libsecp256k1 before 0.3.2 is not constant time when this compiler made it"
#endif

enum { HASH_BYTES = 32, SCALAR_BYTES = 32, X_BYTES = 32, POINT_BYTES = 33, SIGNATURE_BYTES = 64 };
enum { MAX_ARGUMENTS = 4, KNOWN_KEYS = 4096 };

typedef struct {
  uint8_t x[X_BYTES];
  secp256k1_xonly_pubkey key;
  bool is_known;
} KnownKey;

typedef struct {
  uint8_t point[POINT_BYTES];
  secp256k1_pubkey key;
  bool is_known;
} KnownPoint;

/* One a thread. */
typedef struct {
  secp256k1_context *context;
  KnownKey known[KNOWN_KEYS];
  /* Whom the last exchange was with: a handshake has two with the same key. */
  KnownPoint peer;
} Library;

typedef struct {
  const secp256k1_context *context;
  Library *library;
  uint8_t *bytes[MAX_ARGUMENTS];
} Call;

/* False unless there are `count` arguments, every one a Uint8Array of the length that it must have. */
static bool read_call(napi_env env, napi_callback_info info, size_t count, const size_t *lengths,
                      Call *call) {
  napi_value values[MAX_ARGUMENTS];
  size_t given = MAX_ARGUMENTS;
  bool is_valid =
      napi_get_cb_info(env, info, &given, values, NULL, (void **)&call->library) == napi_ok &&
      given == count;
  if (is_valid) call->context = call->library->context;
  for (size_t i = 0; is_valid && i < count; i++) {
    napi_typedarray_type type;
    size_t length;
    is_valid = napi_get_typedarray_info(env, values[i], &type, &length, (void **)&call->bytes[i],
                                        NULL, NULL) == napi_ok &&
               type == napi_uint8_array && length == lengths[i];
  }
  return is_valid;
}

static napi_value boolean(napi_env env, bool value) {
  napi_value result;
  return napi_get_boolean(env, value, &result) == napi_ok ? result : NULL;
}

/*
 * The point that a public key stands for, NULL if there is none. To find it takes a square root, an
 * eighth of what a check takes, and few authors write most: of those that share a place, the last is
 * kept. Its x is compared in full, so nobody's key can pass for another's.
 */
static const secp256k1_xonly_pubkey *point_of(Library *library, const uint8_t *x) {
  KnownKey *place = &library->known[(x[X_BYTES - 2] << 8 | x[X_BYTES - 1]) % KNOWN_KEYS];
  if (!place->is_known || memcmp(place->x, x, X_BYTES) != 0) {
    memcpy(place->x, x, X_BYTES);
    place->is_known = secp256k1_xonly_pubkey_parse(library->context, &place->key, x) == 1;
  }
  return place->is_known ? &place->key : NULL;
}

/* (signature, message, x-only public key): whether BIP-340 accepts them. */
static napi_value verify(napi_env env, napi_callback_info info) {
  static const size_t lengths[] = {SIGNATURE_BYTES, HASH_BYTES, X_BYTES};
  Call call;
  const secp256k1_xonly_pubkey *key = NULL;
  if (read_call(env, info, 3, lengths, &call)) key = point_of(call.library, call.bytes[2]);
  return boolean(env, key != NULL && secp256k1_schnorrsig_verify(call.context, call.bytes[0],
                                                                 call.bytes[1], HASH_BYTES,
                                                                 key) == 1);
}

/* (message, secret key, auxiliary randomness, signature): fills the signature. */
static napi_value sign(napi_env env, napi_callback_info info) {
  static const size_t lengths[] = {HASH_BYTES, SCALAR_BYTES, HASH_BYTES, SIGNATURE_BYTES};
  Call call;
  secp256k1_keypair pair;
  bool is_signed = read_call(env, info, 4, lengths, &call) &&
                   secp256k1_keypair_create(call.context, &pair, call.bytes[1]) == 1 &&
                   secp256k1_schnorrsig_sign32(call.context, call.bytes[3], call.bytes[0], &pair,
                                               call.bytes[2]) == 1;
  OPENSSL_cleanse(&pair, sizeof pair);
  return boolean(env, is_signed);
}

/* (secret key, point): fills the point, compressed. */
static napi_value public_key(napi_env env, napi_callback_info info) {
  static const size_t lengths[] = {SCALAR_BYTES, POINT_BYTES};
  Call call;
  secp256k1_pubkey key;
  size_t written = POINT_BYTES;
  return boolean(env, read_call(env, info, 2, lengths, &call) &&
                          secp256k1_ec_pubkey_create(call.context, &key, call.bytes[0]) == 1 &&
                          secp256k1_ec_pubkey_serialize(call.context, call.bytes[1], &written, &key,
                                                        SECP256K1_EC_COMPRESSED) == 1);
}

/* In the place of a hash: the x coordinate as it is. */
static int copy_x(unsigned char *output, const unsigned char *x, const unsigned char *y, void *data) {
  (void)y;
  (void)data;
  memcpy(output, x, X_BYTES);
  return 1;
}

/* Which point the peer of an exchange is, NULL if it is none. No secret: it came over the network. */
static const secp256k1_pubkey *peer_of(Library *library, const uint8_t *point) {
  KnownPoint *peer = &library->peer;
  if (!peer->is_known || memcmp(peer->point, point, POINT_BYTES) != 0) {
    memcpy(peer->point, point, POINT_BYTES);
    peer->is_known =
        secp256k1_ec_pubkey_parse(library->context, &peer->key, point, POINT_BYTES) == 1;
  }
  return peer->is_known ? &peer->key : NULL;
}

/* (secret key, compressed point, x): fills x. */
static napi_value ecdh(napi_env env, napi_callback_info info) {
  static const size_t lengths[] = {SCALAR_BYTES, POINT_BYTES, X_BYTES};
  Call call;
  const secp256k1_pubkey *key = NULL;
  if (read_call(env, info, 3, lengths, &call)) key = peer_of(call.library, call.bytes[1]);
  return boolean(env, key != NULL && secp256k1_ecdh(call.context, call.bytes[2], key, call.bytes[0],
                                                    copy_x, NULL) == 1);
}

/* Blinded with randomness of its own, against side channels. */
static secp256k1_context *blinded_context(void) {
  uint8_t seed[32];
  /* Needs no calling, but exists since 0.2.0 only: what came before had another idea of contexts. */
  secp256k1_selftest();
  secp256k1_context *context = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
  bool is_blinded = context != NULL && RAND_bytes(seed, sizeof seed) == 1 &&
                    secp256k1_context_randomize(context, seed) == 1;
  OPENSSL_cleanse(seed, sizeof seed);
  if (is_blinded || context == NULL) return context;
  secp256k1_context_destroy(context);
  return NULL;
}

static void destroy(napi_env env, void *data, void *hint) {
  Library *library = data;
  (void)env;
  (void)hint;
  if (library->context != NULL) secp256k1_context_destroy(library->context);
  free(library);
}

static bool export_function(napi_env env, napi_value exports, const char *name,
                            napi_callback callback, Library *library) {
  napi_value function;
  return napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, library, &function) ==
             napi_ok &&
         napi_set_named_property(env, exports, name, function) == napi_ok;
}

NAPI_MODULE_INIT() {
  Library *library = calloc(1, sizeof *library);
  if (library != NULL) library->context = blinded_context();
  if (library != NULL && library->context != NULL &&
      export_function(env, exports, "verify", verify, library) &&
      export_function(env, exports, "sign", sign, library) &&
      export_function(env, exports, "publicKey", public_key, library) &&
      export_function(env, exports, "ecdh", ecdh, library) &&
      napi_set_instance_data(env, library, destroy, NULL) == napi_ok) {
    return exports;
  }
  if (library != NULL) destroy(env, library, NULL);
  napi_throw_error(env, NULL, "libsecp256k1 could not be set up");
  return NULL;
}
