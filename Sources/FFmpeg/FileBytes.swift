import CFFmpeg
import Glibc

/// The bytes of a file for FFmpeg to read, and how far it has: in memory, or behind a descriptor.
final class FileBytes {
    private enum Store {
        case memory([UInt8])
        /// Owned.
        case descriptor(CInt)
    }

    private let store: Store
    private let size: Int64
    private var offset: Int64 = 0

    init(_ bytes: [UInt8]) {
        store = .memory(bytes)
        size = Int64(bytes.count)
    }

    /// - Parameter descriptor: of a file of a fixed size; closed with this.
    init(owning descriptor: CInt) {
        // Not by fstat: the C library makes a call of it that could look at other files too, which a worker has not.
        size = max(Int64(lseek(descriptor, 0, SEEK_END)), 0)
        store = .descriptor(descriptor)
    }

    deinit { if case .descriptor(let descriptor) = store { close(descriptor) } }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int32 {
        let wanted = min(Int64(buffer.count), size - offset)
        guard wanted > 0 else { return sluice_averror_eof }
        let count = read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<Int(wanted)]), at: offset)
        guard count > 0 else { return sluice_averror_eof }
        offset += Int64(count)
        return Int32(clamping: count)
    }

    /// - Returns: 0 or less at the end, and where the file cannot be read.
    private func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) -> Int {
        switch store {
        case .memory(let bytes):
            bytes.withUnsafeBytes { bytes in
                buffer.copyMemory(
                    from: UnsafeRawBufferPointer(rebasing: bytes[Int(offset)..<Int(offset) + buffer.count]))
            }
            return buffer.count
        case .descriptor(let descriptor):
            while true {
                let count = pread(descriptor, buffer.baseAddress, buffer.count, off_t(offset))
                if count < 0, errno == EINTR { continue }
                return count
            }
        }
    }

    func seek(_ distance: Int64, _ origin: Int32) -> Int64 {
        let base: Int64
        switch origin & ~Int32(AVSEEK_FORCE) {
        case sluice_seek_size: return size
        case SEEK_SET: base = 0
        case SEEK_CUR: base = offset
        case SEEK_END: base = size
        default: return Int64(sluice_averror_einval)
        }
        let (place, overflow) = base.addingReportingOverflow(distance)
        guard !overflow, (0...size).contains(place) else { return Int64(sluice_averror_einval) }
        offset = place
        return place
    }
}
