/*
 * AES-256-GCM in one call each way, by the OpenSSL that Node itself carries. node:crypto does the
 * same in four calls and several objects, which costs more than the encryption of a small frame.
 * It holds no keys between calls but the last one's schedule, in a context that dies with its thread.
 */

#include <limits.h>
#include <node_api.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>

enum { KEY_BYTES = 32, NONCE_BYTES = 12, TAG_BYTES = 16, ARGUMENTS = 5 };

/* One a thread: contexts are reused, and not shared. */
typedef struct {
  EVP_CIPHER_CTX *seal;
  EVP_CIPHER_CTX *open;
} Contexts;

typedef struct {
  uint8_t *data;
  size_t length;
} Bytes;

/* (key, nonce, associated data, input, output) */
typedef struct {
  Contexts *contexts;
  Bytes key, nonce, ad, input, output;
} Call;

static bool read_bytes(napi_env env, napi_value value, Bytes *bytes) {
  napi_typedarray_type type;
  return napi_get_typedarray_info(env, value, &type, &bytes->length, (void **)&bytes->data, NULL,
                                  NULL) == napi_ok &&
         type == napi_uint8_array && bytes->length <= INT_MAX;
}

/* False, with a TypeError pending, unless everything is bytes and has the length that it must have. */
static bool read_call(napi_env env, napi_callback_info info, Call *call) {
  napi_value values[ARGUMENTS];
  size_t count = ARGUMENTS;
  bool is_valid =
      napi_get_cb_info(env, info, &count, values, NULL, (void **)&call->contexts) == napi_ok &&
      count == ARGUMENTS && read_bytes(env, values[0], &call->key) &&
      read_bytes(env, values[1], &call->nonce) && read_bytes(env, values[2], &call->ad) &&
      read_bytes(env, values[3], &call->input) && read_bytes(env, values[4], &call->output) &&
      call->key.length == KEY_BYTES && call->nonce.length == NONCE_BYTES;
  if (!is_valid) napi_throw_type_error(env, NULL, "expected key, nonce, data, input and output");
  return is_valid;
}

static napi_value boolean(napi_env env, bool value) {
  napi_value result;
  return napi_get_boolean(env, value, &result) == napi_ok ? result : NULL;
}

/* Writes ciphertext and tag into the output, which is 16 bytes longer than the input. */
static napi_value seal(napi_env env, napi_callback_info info) {
  Call call;
  if (!read_call(env, info, &call)) return NULL;
  if (call.output.length != call.input.length + TAG_BYTES) {
    napi_throw_range_error(env, NULL, "the output has another length than the frame");
    return NULL;
  }
  EVP_CIPHER_CTX *context = call.contexts->seal;
  uint8_t *tag = call.output.data + call.input.length;
  int written;
  bool is_sealed =
      EVP_EncryptInit_ex(context, NULL, NULL, call.key.data, call.nonce.data) == 1 &&
      (call.ad.length == 0 ||
       EVP_EncryptUpdate(context, NULL, &written, call.ad.data, (int)call.ad.length) == 1) &&
      EVP_EncryptUpdate(context, call.output.data, &written, call.input.data,
                        (int)call.input.length) == 1 &&
      EVP_EncryptFinal_ex(context, tag, &written) == 1 &&
      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES, tag) == 1;
  if (!is_sealed) napi_throw_error(env, NULL, "OpenSSL could not seal");
  return NULL;
}

/* Whether the tag is right; only then the output, 16 bytes shorter than the input, is filled. */
static napi_value open_sealed(napi_env env, napi_callback_info info) {
  Call call;
  if (!read_call(env, info, &call)) return NULL;
  if (call.input.length != call.output.length + TAG_BYTES) {
    napi_throw_range_error(env, NULL, "the output has another length than the plaintext");
    return NULL;
  }
  EVP_CIPHER_CTX *context = call.contexts->open;
  uint8_t *tag = call.input.data + call.output.length;
  int written;
  bool is_opened =
      EVP_DecryptInit_ex(context, NULL, NULL, call.key.data, call.nonce.data) == 1 &&
      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, TAG_BYTES, tag) == 1 &&
      (call.ad.length == 0 ||
       EVP_DecryptUpdate(context, NULL, &written, call.ad.data, (int)call.ad.length) == 1) &&
      EVP_DecryptUpdate(context, call.output.data, &written, call.input.data,
                        (int)call.output.length) == 1 &&
      EVP_DecryptFinal_ex(context, call.output.data + call.output.length, &written) == 1;
  if (!is_opened) OPENSSL_cleanse(call.output.data, call.output.length);
  return boolean(env, is_opened);
}

static void destroy(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  Contexts *contexts = data;
  EVP_CIPHER_CTX_free(contexts->seal);
  EVP_CIPHER_CTX_free(contexts->open);
  free(contexts);
}

static bool export_function(napi_env env, napi_value exports, const char *name,
                            napi_callback callback, Contexts *contexts) {
  napi_value function;
  return napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, contexts, &function) ==
             napi_ok &&
         napi_set_named_property(env, exports, name, function) == napi_ok;
}

NAPI_MODULE_INIT() {
  Contexts *contexts = calloc(1, sizeof *contexts);
  if (contexts == NULL) return NULL;
  contexts->seal = EVP_CIPHER_CTX_new();
  contexts->open = EVP_CIPHER_CTX_new();
  bool is_ready =
      contexts->seal != NULL && contexts->open != NULL &&
      EVP_EncryptInit_ex(contexts->seal, EVP_aes_256_gcm(), NULL, NULL, NULL) == 1 &&
      EVP_DecryptInit_ex(contexts->open, EVP_aes_256_gcm(), NULL, NULL, NULL) == 1 &&
      export_function(env, exports, "seal", seal, contexts) &&
      export_function(env, exports, "open", open_sealed, contexts) &&
      napi_set_instance_data(env, contexts, destroy, NULL) == napi_ok;
  if (is_ready) return exports;
  destroy(env, contexts, NULL);
  napi_throw_error(env, NULL, "OpenSSL has no AES-256-GCM");
  return NULL;
}
