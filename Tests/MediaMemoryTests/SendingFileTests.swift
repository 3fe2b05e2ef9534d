import Dispatch
import Glibc
import LoopbackSocket
import Testing

@testable import MediaMemory

/// Copies that the kernel sends: what was given to it never changes.
@Suite struct SendingFileTests {
    private static let count = 300_000

    private static func media(_ first: UInt8, count: Int = count) -> MediaBytes {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 % 251) &+ first }
        return MediaBytes(copying: bytes.span)
    }

    private static func file(maximumBytes: Int = 64 << 20) throws -> SendingFile {
        try #require(SendingFile(maximumBytes: maximumBytes))
    }

    private static func read(_ range: Range<Int>, of file: SendingFile) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: range.count)
        #expect(pread(file.descriptor, &bytes, range.count, range.lowerBound) == range.count)
        return bytes
    }

    @Test func aCopyIsTheSameBytes() throws {
        let file = try Self.file()
        let (one, other) = (Self.media(0), Self.media(100))
        for media in [one, other] {
            #expect(media.sendingCopy == nil)
            media.makeSendingCopy(in: file)
        }
        for media in [one, other] {
            let copy = try #require(media.sendingCopy)
            #expect(Self.read(copy.range, of: file) == media.array)
        }
    }

    /// Of a huge page of which some is given up the kernel clears that part, whoever still sends it.
    @Test func noTwoCopiesAreInOneHugePage() throws {
        let file = try Self.file()
        let all = (0..<3).map { Self.media(UInt8($0), count: [300_000, 3 << 20, 300_000][$0]) }
        for media in all { media.makeSendingCopy(in: file) }
        let page = sysconf(CInt(_SC_PAGESIZE))
        let places = try all.map { try #require($0.sendingCopy).range.lowerBound }
        #expect(
            places.map { $0 / (page * page / 8) } == [0, 1, 1 + ((3 << 20) + page * page / 8 - 1) / (page * page / 8)])
        #expect(places.allSatisfy { $0 % (page * page / 8) == 0 })
        #expect(file.bytes < 4 << 20)
    }

    /// Locks are taken in one order: at a segment's boundary all rungs are copied at once, by many, and others are let go.
    @Test(.timeLimit(.minutes(5))) func manyThreadsMakeCopiesAndLetThemGo() throws {
        let file = try Self.file(maximumBytes: 4 * 303_104)
        let all = (0..<6).map { Self.media(UInt8($0)) }
        DispatchQueue.concurrentPerform(iterations: 8) { thread in
            for turn in 0..<200 {
                let media = all[(turn + thread / 2) % all.count]
                media.makeSendingCopy(in: file)
                if turn % 50 == thread { _ = media.sendingCopy }
            }
        }
        #expect(file.bytes > 0 && file.bytes <= 4 * 303_104)
        #expect(file.bytes == all.filter { $0.sendingCopy != nil }.count * 303_104)
    }

    @Test func onlyWhatIsLargeAndSentOftenIsWorthOne() {
        let (large, small) = (Self.media(0), Self.media(0, count: 100_000))
        #expect((1...32).map { _ in large.isSentOften() }.filter { $0 }.count == 2)
        #expect(!(1...32).contains { _ in small.isSentOften() })
    }

    @Test func aCopyGoesWithItsMedia() throws {
        let file = try Self.file()
        var media: MediaBytes? = Self.media(0)
        media?.makeSendingCopy(in: file)
        #expect(file.bytes >= Self.count)
        media = nil
        #expect(file.bytes == 0)
    }

    @Test func theOldestMakeRoomAndCountUntilTheyHaveLeft() throws {
        let file = try Self.file(maximumBytes: 4 * 303_104)
        let all = (0..<6).map { Self.media(UInt8($0)) }
        for media in all.prefix(4) { media.makeSendingCopy(in: file) }
        #expect(file.bytes == 4 * 303_104)
        // The oldest is on its way still: of that nothing is taken, and there is no room yet.
        let underWay = try #require(all[0].sendingCopy)
        all[4].makeSendingCopy(in: file)
        #expect(all[0].sendingCopy == nil && all[4].sendingCopy == nil)
        #expect(Self.read(underWay.range, of: file) == all[0].array)
        // The next one finds room.
        withExtendedLifetime(underWay) { all[5].makeSendingCopy(in: file) }
        #expect(all[1].sendingCopy == nil && all[5].sendingCopy != nil)
        #expect(all[2].sendingCopy != nil && all[3].sendingCopy != nil)
        #expect(file.bytes <= 4 * 303_104)
    }

    @Test func whatIsTooLargeForTheFileIsSentFromMemory() throws {
        let file = try Self.file(maximumBytes: 1 << 20)
        let media = Self.media(0)
        media.makeSendingCopy(in: file)
        #expect(media.sendingCopy == nil && file.bytes == 0)
    }

    /// Over loopback even what the reader has not read yet are the pages of the file.
    @Test func whatWaitsInASocketStaysAsItWas() throws {
        let file = try Self.file()
        let (sender, reader) = try Self.connection()
        defer {
            close(sender)
            close(reader)
        }
        var media: MediaBytes? = Self.media(7)
        let expected = media?.array ?? []
        media?.makeSendingCopy(in: file)
        var copy = media?.sendingCopy
        let range = try #require(copy?.range)
        var offset = range.lowerBound
        while offset < range.upperBound {
            try #require(sendfile(sender, file.descriptor, &offset, range.upperBound - offset) > 0)
        }
        copy = nil
        media = nil
        #expect(file.bytes == 0 && !Self.read(range, of: file).contains { $0 != 0 }, "its memory is the system's")
        // Others come, and have the memory perhaps.
        let others = (0..<8).map { Self.media(UInt8(100 + $0)) }
        for other in others { other.makeSendingCopy(in: file) }
        var received: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while received.count < range.count {
            let count = recv(reader, &buffer, buffer.count, 0)
            try #require(count > 0)
            received += buffer[..<count]
        }
        #expect(received == expected)
    }

    /// With room for all of it.
    private static func connection() throws -> (CInt, CInt) {
        let listener = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        defer { close(listener) }
        var size: CInt = 2 << 20
        setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &size, 4)
        setsockopt(listener, SOL_SOCKET, SO_SNDBUF, &size, 4)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let port = try withUnsafeMutablePointer(to: &address) { pointer in
            try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                try #require(bind(listener, $0, length) == 0 && listen(listener, 1) == 0)
                try #require(getsockname(listener, $0, &length) == 0)
                return pointer.pointee.sin_port.bigEndian
            }
        }
        let reader = try #require(LoopbackSocket.connect(port: port))
        return (accept(listener, nil, nil), reader)
    }
}
