/*
 * HKDF-SHA256 (RFC 5869) in one call, by the OpenSSL that Node itself carries. node:crypto makes an
 * object for each of its HMACs, and every handshake needs nine of them. Nothing secret stays behind.
 */

#include <node_api.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

enum { HASH_BYTES = 32, MAX_BLOCKS = 255, ARGUMENTS = 4 };

typedef struct {
  uint8_t *data;
  size_t length;
} Bytes;

static bool read_bytes(napi_env env, napi_value value, Bytes *bytes) {
  napi_typedarray_type type;
  return napi_get_typedarray_info(env, value, &type, &bytes->length, (void **)&bytes->data, NULL,
                                  NULL) == napi_ok &&
         type == napi_uint8_array;
}

/* OpenSSL takes no key at all for "the key that I had". */
static bool begin(EVP_MAC_CTX *hmac, Bytes key) {
  static const uint8_t empty[1];
  return EVP_MAC_init(hmac, key.length == 0 ? empty : key.data, key.length, NULL) == 1;
}

static bool update(EVP_MAC_CTX *hmac, Bytes input) {
  return input.length == 0 || EVP_MAC_update(hmac, input.data, input.length) == 1;
}

static bool finish(EVP_MAC_CTX *hmac, uint8_t *hash) {
  size_t written;
  return EVP_MAC_final(hmac, hash, &written, HASH_BYTES) == 1 && written == HASH_BYTES;
}

/* RFC 5869, sections 2.2 and 2.3. */
static bool derive(EVP_MAC_CTX *hmac, Bytes salt, Bytes input_key, Bytes info, Bytes output) {
  uint8_t secret[HASH_BYTES], block[HASH_BYTES];
  Bytes key = {secret, HASH_BYTES}, previous = {block, 0};
  bool is_derived = begin(hmac, salt) && update(hmac, input_key) && finish(hmac, secret);
  uint8_t counter = 1;
  for (size_t at = 0; is_derived && at < output.length; at += HASH_BYTES, counter++) {
    is_derived = begin(hmac, key) && update(hmac, previous) && update(hmac, info) &&
                 update(hmac, (Bytes){&counter, 1}) && finish(hmac, block);
    previous.length = HASH_BYTES;
    size_t left = output.length - at;
    for (size_t i = 0; i < HASH_BYTES && i < left; i++) output.data[at + i] = block[i];
  }
  OPENSSL_cleanse(secret, sizeof secret);
  OPENSSL_cleanse(block, sizeof block);
  /* The context keeps its last key: now it keeps zeros. */
  is_derived = begin(hmac, (Bytes){secret, HASH_BYTES}) && is_derived;
  if (!is_derived) OPENSSL_cleanse(output.data, output.length);
  return is_derived;
}

/* (salt, input key, info, output): fills the output. */
static napi_value hkdf(napi_env env, napi_callback_info info) {
  napi_value values[ARGUMENTS];
  size_t count = ARGUMENTS;
  EVP_MAC_CTX *hmac;
  Bytes salt, input_key, context, output;
  if (napi_get_cb_info(env, info, &count, values, NULL, (void **)&hmac) != napi_ok ||
      count != ARGUMENTS || !read_bytes(env, values[0], &salt) ||
      !read_bytes(env, values[1], &input_key) || !read_bytes(env, values[2], &context) ||
      !read_bytes(env, values[3], &output)) {
    napi_throw_type_error(env, NULL, "expected salt, key, info and output");
  } else if (output.length > MAX_BLOCKS * HASH_BYTES) {
    napi_throw_range_error(env, NULL, "HKDF gives at most 255 blocks");
  } else if (!derive(hmac, salt, input_key, context, output)) {
    napi_throw_error(env, NULL, "OpenSSL could not derive");
  }
  return NULL;
}

static EVP_MAC_CTX *hmac_sha256(void) {
  char digest[] = "SHA256";
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_end(),
  };
  EVP_MAC *algorithm = EVP_MAC_fetch(NULL, "HMAC", NULL);
  EVP_MAC_CTX *hmac = algorithm == NULL ? NULL : EVP_MAC_CTX_new(algorithm);
  EVP_MAC_free(algorithm);
  if (hmac == NULL || EVP_MAC_CTX_set_params(hmac, parameters) == 1) return hmac;
  EVP_MAC_CTX_free(hmac);
  return NULL;
}

static void destroy(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  EVP_MAC_CTX_free(data);
}

NAPI_MODULE_INIT() {
  /* One a thread: it is reused, and not shared. */
  EVP_MAC_CTX *hmac = hmac_sha256();
  napi_value function;
  if (hmac != NULL &&
      napi_create_function(env, "hkdf", NAPI_AUTO_LENGTH, hkdf, hmac, &function) == napi_ok &&
      napi_set_named_property(env, exports, "hkdf", function) == napi_ok &&
      napi_set_instance_data(env, hmac, destroy, NULL) == napi_ok) {
    return exports;
  }
  EVP_MAC_CTX_free(hmac);
  napi_throw_error(env, NULL, "OpenSSL has no HMAC with SHA-256");
  return NULL;
}
