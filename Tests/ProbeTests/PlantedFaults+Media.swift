import CommonEncryption
import HLS
import Media
import Probe

extension PlantedFault {
    private static let keyClause = "RFC 8216, 5"
    private static let clearClause = "ISO/IEC 23001-7, 10; RFC 8216, 4.3.2.4"
    private static let payloadClause = "ITU-T H.264, 7.3; ISO/IEC 14496-3, 4.4.2"
    private static let noKey: Plant = { $0.files[Presentation.keyPath] = nil }
    private static let wrongKey: Plant = { $0.files[Presentation.keyPath]?.bytes = Array(repeating: 9, count: 16) }

    static let keys: [PlantedFault] = [
        PlantedFault("no key", .transportStream, "key.fetch", keyClause, noKey),
        PlantedFault("no key", .sampleAES, "key.fetch", keyClause, noKey),
        PlantedFault("no key", .cbcs, "key.fetch", keyClause, noKey),
        PlantedFault(
            "a short key", .transportStream, "key.fetch", keyClause,
            file(Presentation.keyPath) { $0.bytes.removeLast() }),
        PlantedFault(
            "no line to ask by", .sampleAES, "key.fetch", keyClause,
            text(
                "playlist.m3u8", "URI=\"\(Presentation.keyPath)\"",
                "URI=\"skd://asset\",KEYFORMAT=\"com.apple.streamingkeydelivery\"")),
        PlantedFault(
            "another KID", .cbcs, "key.kid", "ISO/IEC 23001-7, 8.2",
            text("audio/playlist.m3u8", "KEYID=0x0", "KEYID=0x1")),
        PlantedFault("a wrong key", .transportStream, "key.decrypt", "RFC 8216, 4.3.2.4", wrongKey),
        PlantedFault(
            "a wrong IV", .transportStream, "key.decrypt", "RFC 8216, 4.3.2.4",
            playlist("video") { $0.segments[4].keys[0].iv = Array(repeating: 1, count: 16) }),
        PlantedFault(
            "a wrong IV", .aes128, "key.decrypt", "RFC 8216, 4.3.2.4",
            playlist("audio") { $0.segments[4].keys[0].iv = Array(repeating: 1, count: 16) }),
        PlantedFault("a wrong key", .sampleAES, "media.payload", payloadClause, wrongKey),
        PlantedFault("a wrong key", .cbcs, "media.payload", payloadClause, wrongKey),
        PlantedFault("a wrong key", .dash, "media.payload", payloadClause, wrongKey),
        PlantedFault(
            "wrong IVs", .dash, "media.payload", payloadClause,
            bytes("/audio/1004.m4s") {
                try RecordedMedia.audio().protected(1004, .cenc, key: RecordedMedia.key(), ivShift: 1)
            }),
        PlantedFault(
            "in the clear", .transportStream, "media.clear", clearClause, .fatal,
            bytes("/video/1005.ts") {
                try RecordedMedia.transportStream(1005, [RecordedMedia.video(), RecordedMedia.audio()])
            }),
        PlantedFault(
            "nothing protected", .sampleAES, "media.clear", clearClause, .fatal,
            bytes("/video/1005.ts") {
                try RecordedMedia.transportStream(1005, [RecordedMedia.video(), RecordedMedia.audio()])
            }),
        PlantedFault(
            "sound in the clear behind its tenc", .cbcs, "media.clear", clearClause, .fatal,
            bytes("/audio/1005.m4s") {
                try RecordedMedia.audio().protected(1005, .cbcs, key: RecordedMedia.key(), onlySaysSo: true)
            }),
        PlantedFault(
            "sound in the clear", .cbcs, "media.clear", clearClause, .fatal,
            bytes("/audio/1005.m4s") { try RecordedMedia.audio().clear(1005) }),
        PlantedFault("an initialization in the clear", .cbcs, "media.clear", clearClause, .fatal) {
            $0.files["/video/init.mp4"]?.bytes = try RecordedMedia.video().header(nil)
        },
        PlantedFault(
            "pictures in the clear, no senc", .dash, "media.clear", clearClause, .fatal,
            bytes("/video/1005.m4s") { try RecordedMedia.video().clear(1005) }),
        PlantedFault(
            "sound in the clear behind senc", .dash, "media.clear", clearClause, .fatal,
            bytes("/audio/1005.m4s") {
                try RecordedMedia.audio().protected(1005, .cenc, key: RecordedMedia.key(), onlySaysSo: true)
            }),
        PlantedFault(
            "one picture in the clear", .dash, "media.clear", clearClause, .fatal,
            bytes("/video/1005.m4s") {
                try RecordedMedia.video().protected(1005, .cenc, key: RecordedMedia.key(), clearSample: 1)
            }),
        PlantedFault(
            "one picture in the clear", .cbcs, "media.clear", clearClause, .fatal,
            bytes("/video/1005.m4s") {
                try RecordedMedia.video().protected(1005, .cbcs, key: RecordedMedia.key(), clearSample: 1)
            }),
    ]

    static let media: [PlantedFault] = [
        PlantedFault(
            "a broken initialization", .clear, "media.header", "ISO/IEC 23000-19, 7.3.1",
            file("/audio/init.mp4") { $0.bytes.removeLast(10) }),
        PlantedFault(
            "a cut segment", .clear, "media.segment", "ISO/IEC 23000-19, 7.3.2",
            file("/audio/1004.m4s") { $0.bytes.removeLast(10) }),
        PlantedFault(
            "a range beside its picture", .clear, "media.segment", "ISO/IEC 23000-19, 7.3.2",
            playlist("iframes") { $0.segments[4].byteRange?.offset? -= 10 }),
        PlantedFault(
            "a range of two pictures", .clear, "media.i-frame", "RFC 8216, 4.3.3.6",
            playlist("iframes") { $0.segments[5].byteRange?.length *= 2 }),
        PlantedFault(
            "a start within a picture group", .clear, "media.sync", "ISO/IEC 23000-19, 7.3.2.3",
            bytes("/video/1004.m4s") { try RecordedMedia.video().withoutFirstPicture.clear(1004) }),
        PlantedFault(
            "a gap in tfdt", .clear, "media.continuity", "ISO/IEC 14496-12, 8.8.12",
            bytes("/low/1004.m4s") { try RecordedMedia.video().clear(1004, hole: 3840) }),
        PlantedFault(
            "a jump without a discontinuity", .transportStream, "media.continuity", "ISO/IEC 14496-12, 8.8.12",
            bytes("/video/1004.ts") {
                let clear = try RecordedMedia.transportStream(1002, [RecordedMedia.video(), RecordedMedia.audio()])
                return try AES128Segment.protect(
                    clear.span, key: RecordedMedia.key(), iv: Presentation.iv(1004))
            }),
        PlantedFault(
            "another duration than that of the media", .clear, "media.duration", "RFC 8216, 4.3.2.1",
            playlist("low") { $0.segments[5].duration = SegmentDuration(Ticks(12, timescale: 10)) }),
        PlantedFault(
            "a segment of twice its duration", .earlyDASH, "media.duration", "RFC 8216, 4.3.2.1",
            bytes("/video/1005.m4s") { try RecordedMedia.video().clear(1005) + RecordedMedia.video().clear(1006) }),
        PlantedFault(
            "a broken packet", .sampleAES, "ts.packets", "ISO/IEC 13818-1, 2.4.3.2",
            file("/video/1004.ts") { $0.bytes[188 * 10 + 1] |= 0x80 }),
        PlantedFault(
            "a lost packet", .sampleAES, "ts.continuity", "ISO/IEC 13818-1, 2.4.3.3",
            file("/video/1004.ts") { $0.bytes[188 * 10 + 3] ^= 8 }),
        PlantedFault(
            "a program map that does not say SAMPLE-AES", .sampleAES, "ts.sample-aes",
            "Apple, MPEG-2 Stream Encryption, 3",
            file("/video/1004.ts") { file in
                let descriptor: [UInt8] = [0x0F, 4] + Array("zavc".utf8)
                guard let place = file.bytes.firstRange(of: descriptor) else { throw NotPlanted(what: "zavc") }
                file.bytes[place.lowerBound + 2] = UInt8(ascii: "x")
            }),
    ]
}
