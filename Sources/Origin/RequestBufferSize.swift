import NIOCore

/// How much is read of a connection at once: 512 bytes, into which most requests go, for each keeps its buffer while it waits;
/// twice as much whenever that was full, to 8 KiB; and half again after two reads that did not need it.
///
/// As NIO's adaptive one, but so small that a connection holds it without a box, which would be copied with each read.
struct RequestBufferSize: RecvByteBufferAllocator {
    static let least = 512
    static let most = 8 << 10

    private var size = UInt32(Self.least)
    private var wasAmple = false

    func buffer(allocator: ByteBufferAllocator) -> ByteBuffer { allocator.buffer(capacity: Int(size)) }

    func nextBufferSize() -> Int? { Int(size) }

    mutating func record(actualReadBytes count: Int) -> Bool {
        let size = Int(size)
        if count >= size, size < Self.most {
            self.size = UInt32(size * 2)
            wasAmple = false
            return true
        }
        let isAmple = count <= size / 2 && size > Self.least
        if isAmple, wasAmple { self.size = UInt32(size / 2) }
        wasAmple = isAmple && !wasAmple
        return false
    }
}
