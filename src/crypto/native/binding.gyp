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
    },
    {
      # Of a library that is too old it must not compile, or else not load.
      "target_name": "secp256k1",
      "sources": ["secp256k1.c"],
      "cflags": ["-Werror=implicit-function-declaration"],
      "ldflags": ["-Wl,-z,now"],
      "libraries": ["-lsecp256k1"],
      "conditions": [
        ["OS == 'mac'", {
          # Where Homebrew has it, and nothing else.
          "include_dirs": ["/opt/homebrew/opt/secp256k1/include", "/usr/local/opt/secp256k1/include"],
          "library_dirs": ["/opt/homebrew/opt/secp256k1/lib", "/usr/local/opt/secp256k1/lib"]
        }]
      ]
    }
  ]
}
