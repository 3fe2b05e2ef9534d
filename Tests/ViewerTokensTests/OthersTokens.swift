/// Made by others: the web tokens by PyJWT 2.15, the HMAC tokens by akamai-edgeauth 0.3, the keys by OpenSSL.
///
/// The web tokens say: content news, exp 1800000000, nbf 1000, sub "viewer 7", sid s1, jti t1, iss shop, aud [origin],
/// ip [192.0.2.0/24, 2001:db8::/32], paths [/news/hls/*].
enum OthersTokens {
    /// Of HS256 and of the HMAC tokens.
    static let secret = "0123456789abcdef0123456789abcdef"
    static let es256 =
        "eyJhbGciOiJFUzI1NiIsImtpZCI6ImVjIiwidHlwIjoiSldUIn0.eyJjb250ZW50IjoibmV3cyIsImV4cCI6MTgwMDAwMDAwMCwi"
        + "bmJmIjoxMDAwLCJzdWIiOiJ2aWV3ZXIgNyIsInNpZCI6InMxIiwianRpIjoidDEiLCJpc3MiOiJzaG9wIiwiYXVkIjpbIm9yaWdp"
        + "biJdLCJpcCI6WyIxOTIuMC4yLjAvMjQiLCIyMDAxOmRiODo6LzMyIl0sInBhdGhzIjpbIi9uZXdzL2hscy8qIl19.jB_8TRHOGWU"
        + "Ya44eCWz1c33rNA1qsItrtRMSItRUR_0n5KTT4hft3beVMH92A6ODsOxVwoywU_lTMJduv5hnhw"
    static let rs256 =
        "eyJhbGciOiJSUzI1NiIsImtpZCI6InJzYSIsInR5cCI6IkpXVCJ9.eyJjb250ZW50IjoibmV3cyIsImV4cCI6MTgwMDAwMDAwMCw"
        + "ibmJmIjoxMDAwLCJzdWIiOiJ2aWV3ZXIgNyIsInNpZCI6InMxIiwianRpIjoidDEiLCJpc3MiOiJzaG9wIiwiYXVkIjpbIm9yaWd"
        + "pbiJdLCJpcCI6WyIxOTIuMC4yLjAvMjQiLCIyMDAxOmRiODo6LzMyIl0sInBhdGhzIjpbIi9uZXdzL2hscy8qIl19.zWgvVarFJh"
        + "wrOOsF_Oc3fMaFNUTbsw7_-T5PTGCU0CGfjYa4cx6q9xKtfJrD43aAk-pncKC6D_0KB0BI6K1ZJechXiJqVyYynwSzNNxtklRv_9"
        + "NOeKk3nQzb2ymmJLSwKEcXvjbSH2zhggwEOralCvO-uEXo_LhzdHVsWHNVF7JoOaITQwi1P3lrxFes5Qpj4ZsjQFC6_YrTyG6lKS"
        + "Ncn-s88GfEqG4LwUyu1xXg7ASId43F0mXq-h0TB0f59xQ9ixtFw-6PflTTwhzH2Z5sJPRM2ZtZTPQrapVaAtWODQi3Kn-iz-JIJz"
        + "NEFbV5_LzBVQA29L8pWNxjoTPbIWsPug"
    static let eddsa =
        "eyJhbGciOiJFZERTQSIsImtpZCI6ImVkIiwidHlwIjoiSldUIn0.eyJjb250ZW50IjoibmV3cyIsImV4cCI6MTgwMDAwMDAwMCwi"
        + "bmJmIjoxMDAwLCJzdWIiOiJ2aWV3ZXIgNyIsInNpZCI6InMxIiwianRpIjoidDEiLCJpc3MiOiJzaG9wIiwiYXVkIjpbIm9yaWdp"
        + "biJdLCJpcCI6WyIxOTIuMC4yLjAvMjQiLCIyMDAxOmRiODo6LzMyIl0sInBhdGhzIjpbIi9uZXdzL2hscy8qIl19.0U1aFJUU6tV"
        + "seW5lZkf8nFosZq1guQlxLRolZO7BkfknyZsphDC52oAeAaK7fh4gdoREOQXnduxMZXNzDrklCA"
    static let hs256 =
        "eyJhbGciOiJIUzI1NiIsImtpZCI6ImsxIiwidHlwIjoiSldUIn0.eyJjb250ZW50IjoibmV3cyIsImV4cCI6MTgwMDAwMDAwMCwi"
        + "bmJmIjoxMDAwLCJzdWIiOiJ2aWV3ZXIgNyIsInNpZCI6InMxIiwianRpIjoidDEiLCJpc3MiOiJzaG9wIiwiYXVkIjpbIm9yaWdp"
        + "biJdLCJpcCI6WyIxOTIuMC4yLjAvMjQiLCIyMDAxOmRiODo6LzMyIl0sInBhdGhzIjpbIi9uZXdzL2hscy8qIl19.2RVU8QJtFX1"
        + "r0cq7WEtkpiLC4s_MLMOTNuitecdly_g"
    /// Alg none, without a signature.
    static let none =
        "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.eyJjb250ZW50IjoibmV3cyIsImV4cCI6MTgwMDAwMDAwMCwibmJmIjoxMDAwLCJz"
        + "dWIiOiJ2aWV3ZXIgNyIsInNpZCI6InMxIiwianRpIjoidDEiLCJpc3MiOiJzaG9wIiwiYXVkIjpbIm9yaWdpbiJdLCJpcCI6WyIx"
        + "OTIuMC4yLjAvMjQiLCIyMDAxOmRiODo6LzMyIl0sInBhdGhzIjpbIi9uZXdzL2hscy8qIl19."
    /// HS256 under the text of the RSA key's PEM.
    static let confusion =
        "eyJhbGciOiAiSFMyNTYiLCAidHlwIjogIkpXVCIsICJraWQiOiAicnNhIn0.eyJjb250ZW50IjogIm5ld3MiLCAiZXhwIjogMTgw"
        + "MDAwMDAwMCwgIm5iZiI6IDEwMDAsICJzdWIiOiAidmlld2VyIDciLCAic2lkIjogInMxIiwgImp0aSI6ICJ0MSIsICJpc3MiOiAi"
        + "c2hvcCIsICJhdWQiOiBbIm9yaWdpbiJdLCAiaXAiOiBbIjE5Mi4wLjIuMC8yNCIsICIyMDAxOmRiODo6LzMyIl0sICJwYXRocyI6"
        + "IFsiL25ld3MvaGxzLyoiXX0.0O7G8XIDfE8FAXpVk-QyJwbkhdD8FAx7yEpYyWnLtpI"
    /// St, exp, ip, session_id, two paths.
    static let akamai =
        "ip=192.0.2.7~st=1000~exp=1800000000~acl=/news/hls/*!/news/dash/*~id=s1~hmac=5bcc8a1a35a2aace613537aa"
        + "bac14f9d166fd8ecb7dda0886b47ca54595bb20e"
    /// Exp and one path.
    static let akamaiBare =
        "exp=1800000000~acl=/news/*~hmac=12776e75c873993520c144569268850594b4588c86af7b789d08ca9f97fb9fd3"
    static let ecKey = """
        -----BEGIN PUBLIC KEY-----
        MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEGJrmqukOpJKDiqUD2UFdQ6YrOEqP
        Rur20u9CkQ6FOWBdQ0Gbhw0hf3ZKFzZujzeFwLcFn+dqkJDzrskyYgj5xw==
        -----END PUBLIC KEY-----
        """
    static let rsaKey = """
        -----BEGIN PUBLIC KEY-----
        MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA3kmgjS+tJDY/dkjXMhGM
        t1s25JTFt1Bj1/TEy7KkMEt72vpMFDA5sWg/63D4MGeLbL2s0lkJCPqilFTL31Ru
        Ad2/ho/SLMZWxH+5vMCGr07LyghmG/bCCAmY/j5odiLfpl0pRP8uKmzWxxXH97ti
        xqvviMSRkFPfZGpEAOViQjc7qnxvtra4xwLBu8xQvt+H61jTUKZdUzQ7aFgDE3M1
        ekv63obeQfSVYgC1dklDk67aCTy6IF+MIeLLRBhbVGEkeFz+2suag1JjwzLNMHi0
        FkMSUf/3Mv1xEgww5d7rdcSv3qE4EGQTO5XB8bKFU5sQPBkKCR4p6zMi+7b7mzI+
        HQIDAQAB
        -----END PUBLIC KEY-----
        """
    static let edKey = """
        -----BEGIN PUBLIC KEY-----
        MCowBQYDK2VwAyEARrxgsWFzh+v6wDE6LiqKVd7NT2I1GAuVc0mzv6yZEFg=
        -----END PUBLIC KEY-----
        """
}
