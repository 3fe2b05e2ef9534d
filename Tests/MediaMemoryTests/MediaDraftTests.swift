import MediaMemory
import Testing

@Suite struct MediaDraftTests {
    private struct Failure: Error {}

    @Test(arguments: [0, 1, 100, 200_000, 3_000_000]) func holdsWhatIsWritten(_ count: Int) {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        var draft = MediaDraft(capacity: count + 3)
        draft.append(bytes.span)
        draft.append(repeating: 9, count: 2)
        draft.append { $0.append(1) }
        #expect(draft.count == count + 3)
        let media = draft.finish()
        #expect(media.count == count + 3 && media.array == bytes + [9, 9, 1])
        #expect(media.capacity >= media.count)
        #expect(media == MediaBytes(copying: (bytes + [9, 9, 1]).span))
        #expect(media != MediaBytes(copying: bytes.span))
    }

    @Test func isChangedWhereItLies() {
        var draft = MediaDraft(capacity: 10)
        draft.append([1, 2, 3].span)
        var span = draft.mutableSpan
        span[1] = 7
        #expect(draft.span[1] == 7)
        #expect(draft.finish().array == [1, 7, 3])
    }

    @Test func aThrowLeavesWhatWasThere() {
        var draft = MediaDraft(capacity: 4)
        draft.append([5].span)
        #expect(throws: Failure.self) {
            try draft.append { output throws(Failure) in
                output.append(6)
                throw Failure()
            }
        }
        #expect(draft.finish().array == [5, 6])
    }

    @Test func whatIsLentStaysUntilItIsTakenBack() {
        weak var gone: MediaBytes?
        var lent: [UnsafeMutableRawBufferPointer] = []
        do {
            let media = MediaBytes(copying: [1, 2, 3].span)
            gone = media
            lent = [media.lend(), media.lend()]
        }
        #expect(Array(lent[0]) == [1, 2, 3] && lent[0].baseAddress == lent[1].baseAddress)
        MediaBytes.takeBack(lent[0].baseAddress!)
        #expect(gone?.array == [1, 2, 3])
        MediaBytes.takeBack(lent[1].baseAddress!)
        #expect(gone == nil)
    }

    @Test func moreThanThereIsRoomForStopsTheProgram() async {
        await #expect(processExitsWith: .failure) {
            var draft = MediaDraft(capacity: 2)
            draft.append([1, 2, 3].span)
        }
    }
}
