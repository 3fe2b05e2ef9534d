/// The characters of CEA-608. CTA-608-E, tables 49 to 60; 47 CFR 15.119 (f) and (g).
enum CaptionCharacters {
    /// A byte of 0x20 to 0x7F: ASCII but for ten of them.
    static func basic(_ byte: UInt8) -> Character {
        switch byte {
        case 0x27: "’"
        case 0x2A: "á"
        case 0x5C: "é"
        case 0x5E: "í"
        case 0x5F: "ó"
        case 0x60: "ú"
        case 0x7B: "ç"
        case 0x7C: "÷"
        case 0x7D: "Ñ"
        case 0x7E: "ñ"
        case 0x7F: "█"
        default: Character(Unicode.Scalar(byte))
        }
    }

    /// Behind 0x11: 0x30 to 0x3F. A transparent space is a space.
    static func special(_ byte: UInt8) -> Character? { place(byte, 0x30, Self.specials) }

    /// Behind 0x12 and 0x13: 0x20 to 0x3F; each takes the place of the character before it.
    static func extended(_ first: UInt8, _ byte: UInt8) -> Character? {
        place(byte, 0x20, first == 0x12 ? spanishAndFrench : portugueseAndGerman)
    }

    private static func place(_ byte: UInt8, _ first: UInt8, _ table: [Character]) -> Character? {
        guard byte >= first, Int(byte - first) < table.count else { return nil }
        return table[Int(byte - first)]
    }

    private static let specials = Array("®°½¿™¢£♪à èâêîôû")
    private static let spanishAndFrench = Array("ÁÉÓÚÜü‘¡*'—©℠•“”ÀÂÇÈÊËëÎÏïÔÙùÛ«»")
    private static let portugueseAndGerman = Array("ÃãÍÌìÒòÕõ{}\\^_|~ÄäÖöß¥¤¦ÅåØø┌┐└┘")
}
