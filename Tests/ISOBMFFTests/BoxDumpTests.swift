import ISOBMFF
import Media
import Testing

@Suite struct BoxDumpTests {
    @Test func protectedHeader() throws {
        let header = CMAFHeader(
            track: try Fixtures.videoTrack(),
            protection: .cbcs(
                keyID: Fixtures.keyID, constantIV: Fixtures.constantIV, kind: .video,
                systemBoxes: [ProtectionSystemSpecificHeader.common(keyIDs: [Fixtures.keyID]).serialize()]))
        let bytes = header.serialize()
        let text = BoxDump().text(of: bytes.span)
        #expect(
            text == """
                ftyp size=28 at=0 major=cmf2 minor=0 compatible=iso6,cmfc,cmf2
                moov size=760 at=28
                  mvhd size=108 at=36 timescale=90000 duration=0 nextTrackID=2
                  trak size=552 at=144
                    tkhd size=92 at=152 flags=0x00000007 trackID=1 duration=0 volume=0 width=854 height=480
                    mdia size=452 at=244
                      mdhd size=32 at=252 timescale=90000 duration=0 language=und
                      hdlr size=38 at=284 handler=vide name="Video"
                      minf size=374 at=322
                        vmhd size=20 at=330
                        dinf size=36 at=350
                          dref size=28 at=358
                            url  size=12 at=374
                        stbl size=310 at=386
                          stsd size=234 at=394
                            encv size=218 at=410 width=854 height=480
                              avcC size=35 at=496 codec=avc1.64000d sps=1 pps=1 nalLength=4
                              sinf size=97 at=531
                                frma size=12 at=539 format=avc1
                                schm size=20 at=551 scheme=cbcs version=0x00010000
                                schi size=57 at=571
                                  tenc size=49 at=579 pattern=1:9 protected=true ivSize=0 keyID=00112233-4455-6677-8899-aabbccddeeff \
                constantIV=0x0102030405060708090a0b0c0d0e0f10
                          stts size=16 at=628 entries=0
                          stsc size=16 at=644 entries=0
                          stsz size=20 at=660 samples=0
                          stco size=16 at=680 entries=0
                  mvex size=40 at=696
                    trex size=32 at=704 trackID=1 duration=0 size=0 flags=0x00000000
                  pssh size=52 at=736 system=1077efec-c0b2-4d02-ace3-3c1e52e2fb4b keyIDs=00112233-4455-6677-8899-aabbccddeeff \
                data=0

                """)
    }

    @Test func protectedChunk() throws {
        let bytes = try Fixtures.protectedSegment(.cenc(keyID: Fixtures.keyID))
        let end = try MovieFragmentTable(parsing: bytes.span).fragments[0].samples.last.map { $0.offset + $0.size }
        let length = try #require(end)
        let text = BoxDump(listsEntries: true).text(of: bytes.span.extracting(0..<length))
        #expect(
            text == """
                moof size=373 at=0
                  mfhd size=16 at=8 sequence=7
                  traf size=297 at=24
                    tfhd size=24 at=32 trackID=1 duration=3000 flags=0x01010000 base=moof
                    tfdt size=20 at=56 baseMediaDecodeTime=157000000000000
                    trun size=56 at=76 samples=4 dataOffset=381 firstFlags=0x02000000 bytes=406 compositionOffsets=-3000...6000
                      - size=100 compositionOffset=0
                      - size=101 compositionOffset=-3000
                      - size=102 compositionOffset=-3000
                      - size=103 compositionOffset=6000
                    sbgp size=28 at=132 type=seig entries=1
                      - samples=4 index=65537
                    sgpd size=44 at=160 type=seig entries=1 entry=0x0000010800112233445566778899aabbccddeeff
                    saiz size=17 at=204 samples=4 bytes=64
                      - size=16
                      - size=16
                      - size=16
                      - size=16
                    saio size=20 at=221 offsets=257
                    senc size=80 at=241 samples=4 ivSize=8 subsamples=4
                      - iv=0x00008eca693ad000 subsamples=20+80
                      - iv=0x00008eca693adbb8 subsamples=20+81
                      - iv=0x00008eca693ae770 subsamples=20+82
                      - iv=0x00008eca693af328 subsamples=20+83
                  pssh size=52 at=321 system=1077efec-c0b2-4d02-ace3-3c1e52e2fb4b keyIDs=00112233-4455-6677-8899-aabbccddeeff \
                data=0
                mdat size=414 at=373

                """)
    }

    @Test func brokenBoxesAreSaidInTheirPlace() {
        let file = FileType(majorBrand: "cmf2", compatibleBrands: ["iso6"]).serialized()
        let broken: [UInt8] = [0, 0, 0, 12] + Array("mfhd".utf8) + [7, 0, 0, 0]
        let tooLong: [UInt8] = [0, 0, 1, 0] + Array("mdat".utf8)
        let bytes = file + broken + tooLong
        let text = BoxDump().text(of: bytes.span)
        #expect(
            text == """
                ftyp size=20 at=0 major=cmf2 minor=0 compatible=iso6
                mfhd size=12 at=20
                  ! unsupported at=28 version 7
                ! truncated at=32 mdat has 256 bytes, 8 are there

                """)
    }
}
