/// BCP 47 language tags as the three-letter codes of ISO 639-2/T that transport streams use.
enum LanguageCode {
    /// The three ASCII letters, or nil where the tag is `und`, malformed or has no such code.
    static func iso639(bcp47 tag: String) -> [UInt8]? {
        let primary = tag.prefix { $0 != "-" }.lowercased()
        guard primary != "und", primary.utf8.allSatisfy({ (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) }) else {
            return nil
        }
        switch primary.utf8.count {
        case 3: return Array(primary.utf8)
        case 2: return threeLetterCodes[primary].map { Array($0.utf8) }
        default: return nil
        }
    }

    private static let threeLetterCodes: [String: Substring] = {
        var codes: [String: Substring] = [:]
        for pair in table.split(whereSeparator: { $0 == " " || $0 == "\n" }) {
            codes[String(pair.prefix(2))] = pair.dropFirst(2)
        }
        return codes
    }()

    /// ISO 639-1 code and ISO 639-2/T code, run together.
    private static let table = """
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
        """
}
