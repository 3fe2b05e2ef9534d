/// Bytes written in hexadecimal, spaces allowed.
func hex(_ text: String) -> [UInt8] {
    let digits = text.compactMap(\.hexDigitValue)
    return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
}

/// The plain text and key of NIST SP 800-38A, appendix F.
enum SP80038A {
    static let key = hex("2b7e151628aed2a6abf7158809cf4f3c")
    static let plain = hex(
        """
        6bc1bee22e409f96e93d7e117393172a ae2d8a571e03ac9c9eb76fac45af8e51
        30c81c46a35ce411e5fbc1191a0a52ef f69f2445df4f9b17ad2b417be66c3710
        """)
    /// F.5.1, from counter block f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff.
    static let counter = hex(
        """
        874d6191b620e3261bef6864990db6ce 9806f66b7970fdff8617187bb9fffdff
        5ae4df3edbd5d35e5b4f09020db03eab 1e031dda2fbe03d1792170a0f3009cee
        """)
    /// F.2.1, with the IV 000102030405060708090a0b0c0d0e0f.
    static let chained = hex(
        """
        7649abac8119b246cee98e9b12e9197d 5086cb9b507219ee95db113a917678b2
        73bed6b8e3c1743b7116e69e22229516 3ff1caa1681fac09120eca307586e1a7
        """)
    static let iv = hex("000102030405060708090a0b0c0d0e0f")
}
