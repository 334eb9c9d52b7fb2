{
  "target_defaults": {
    "cflags": ["-O2", "-Wall", "-Wextra"]
  },
  "targets": [
    {
      "target_name": "aes_gcm",
      "sources": ["aes-gcm.c"]
    },
    {
      "target_name": "hkdf",
      "sources": ["hkdf.c"]
    }
  ]
}
