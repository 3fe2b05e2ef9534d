/// A piece of memory and how much of it may be written.
///
/// In front of its bytes is room for the object that stands for them, so that whoever knows only where they begin (NIO,
/// when it has sent them) can give them back.
@safe struct MediaBlock: @unchecked Sendable {  // why: whoever has it alone writes to it, and nobody once it is shared
    /// What is in front of the bytes: a line of the processor's cache.
    static let headSize = 64

    /// What was taken from the system, or from the pool.
    let memory: UnsafeMutableRawBufferPointer
    /// By pages of its own; else by malloc.
    var isMapped = false

    var bytes: UnsafeMutablePointer<UInt8> {
        unsafe memory.baseAddress!.advanced(by: Self.headSize).assumingMemoryBound(to: UInt8.self)  // why: never empty
    }

    /// Bytes that there is room for.
    var capacity: Int { memory.count - Self.headSize }

    /// Those of the object whose bytes begin at `bytes`.
    static func object(before bytes: UnsafeMutableRawPointer) -> Unmanaged<MediaBytes> {
        unsafe Unmanaged.fromOpaque(bytes.advanced(by: -headSize).load(as: UnsafeRawPointer.self))
    }

    func name(_ object: MediaBytes) {
        let pointer = unsafe UnsafeRawPointer(Unmanaged.passUnretained(object).toOpaque())
        unsafe memory.storeBytes(of: pointer, as: UnsafeRawPointer.self)
    }
}
