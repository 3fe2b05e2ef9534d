/// A language as `mdhd` writes it: three letters of ISO 639-2/T in 15 bits. ISO/IEC 14496-12:2022, clause 8.4.2.3.
package struct LanguageCode: Sendable, Hashable, CustomStringConvertible {
    /// Three lower-case letters, each as its place in the alphabet from 1, 5 bits each.
    package let packed: UInt16

    package init(packed: UInt16) { self.packed = packed & 0x7FFF }

    package static let undetermined = LanguageCode(letters: "und")

    /// The code of a BCP 47 tag; `und` where its first part has none.
    package init(tag: String) {
        let primary = tag.lowercased().prefix { $0 != "-" }
        if primary.count == 2, let entry = Self.table.first(where: { $0.hasPrefix(primary) }) {
            self.init(letters: entry.dropFirst(2))
        } else if primary.utf8.count == 3, primary.utf8.allSatisfy({ (0x61...0x7A).contains($0) }) {
            self.init(letters: primary)
        } else {
            self = .undetermined
        }
    }

    private init(letters: some StringProtocol) {
        var packed: UInt16 = 0
        for letter in letters.utf8 { packed = packed << 5 | UInt16(letter & 0x1F) }
        self.packed = packed
    }

    /// The shortest code that BCP 47 allows: two letters where ISO 639-1 has them.
    package var tag: String {
        let letters = description
        guard let entry = Self.table.first(where: { $0.hasSuffix(letters) }) else { return letters }
        return String(entry.prefix(2))
    }

    /// The three letters; `und` where the bits say something else.
    package var description: String {
        let letters = [10, 5, 0].map { UInt8(truncatingIfNeeded: packed >> $0) & 0x1F }
        guard letters.allSatisfy({ (1...26).contains($0) }) else { return "und" }
        return String(decoding: letters.map { $0 | 0x60 }, as: UTF8.self)
    }

    /// ISO 639-1 and, behind it, ISO 639-2/T.
    private static let table: [Substring] = """
        aaaar ababk aeave afafr akaka amamh anarg arara asasm avava ayaym azaze babak bebel bgbul bhbih bibis bmbam \
        bnben bobod brbre bsbos cacat ceche chcha cocos crcre csces cuchu cvchv cycym dadan dedeu dvdiv dzdzo eeewe \
        elell eneng eoepo esspa etest eueus fafas ffful fifin fjfij fofao frfra fyfry gagle gdgla glglg gngrn guguj \
        gvglv hahau heheb hihin hohmo hrhrv hthat huhun hyhye hzher iaina idind ieile igibo iiiii ikipk ioido isisl \
        itita iuiku jajpn jvjav kakat kgkon kikik kjkua kkkaz klkal kmkhm knkan kokor krkau kskas kukur kvkom kwcor \
        kykir lalat lbltz lglug lilim lnlin lolao ltlit lulub lvlav mgmlg mhmah mimri mkmkd mlmal mnmon mrmar msmsa \
        mtmlt mymya nanau nbnob ndnde nenep ngndo nlnld nnnno nonor nrnbl nvnav nynya ococi ojoji omorm orori ososs \
        papan pipli plpol pspus ptpor quque rmroh rnrun roron rurus rwkin sasan scsrd sdsnd sesme sgsag sisin skslk \
        slslv smsmo snsna sosom sqsqi srsrp ssssw stsot susun svswe swswa tatam tetel tgtgk ththa titir tktuk tltgl \
        tntsn toton trtur tstso tttat twtwi tytah uguig ukukr ururd uzuzb veven vivie vovol wawln wowol xhxho yiyid \
        yoyor zazha zhzho zuzul
        """.split(separator: " ")
}
