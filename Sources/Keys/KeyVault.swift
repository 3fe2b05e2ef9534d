import CommonEncryption
import Media
import OpenSSLCrypto
package import Sealing

/// Keeps the keys of the start-over window over a restart: sealed, for this host alone.
///
/// Without it a restart while the provider is away would make the window unplayable. The record:
///
///     4 bytes   periods; for each: 8 bytes index, 4 edition, 2 entries; for each entry: type, KID, constant IV,
///               systems with their signalling (texts and boxes after their 4-byte lengths)
///     16 bytes  each entry's key, in the same order, at the end: they never pass through memory that grows
package struct KeyVault: Sendable {
    private let file: SealedFile
    private let contract: KeyContract

    package init(_ file: SealedFile, contract: KeyContract) {
        self.file = file
        self.contract = contract
    }

    /// What was kept; periods of another contract are passed over, as are records of another form.
    package func load() throws(SealedFile.Failure) -> [PeriodKeys] {
        guard let record = try file.read() else { return [] }
        do throws(ParseError) {
            return try parse(record)
        } catch {
            return []
        }
    }

    /// Puts a damaged record out of the way; says where it is now.
    package func setAside() throws(SealedFile.Failure) -> String { try file.setAside() }

    /// Replaces the record; on the disk when this returns.
    /// - Parameter held: in the order of time.
    /// - Returns: how many of the oldest periods are left out, so that the record can be read back.
    @discardableResult
    package func save(_ held: [PeriodKeys]) throws(SealedFile.Failure) -> Int {
        var texts: [[UInt8]] = []
        var size = 8
        for keys in held.reversed() {
            var writer = ByteWriter()
            writer.write(keys)
            size += writer.count + keys.entries.count * ContentKey.size
            guard size <= SealedFile.maximumBytes else { break }
            texts.append(writer.bytes)
        }
        let periods = held.suffix(texts.count)
        var head = ByteWriter()
        head.write(UInt32(clamping: texts.reduce(4) { $0 + $1.count }))
        head.write(UInt32(clamping: periods.count))
        let secrets = periods.reduce(0) { $0 + $1.entries.count } * ContentKey.size
        var record: [UInt8] = []
        record.reserveCapacity(texts.reduce(head.count + secrets) { $0 + $1.count })
        defer { cleanse(&record) }
        record += head.bytes
        for text in texts.reversed() { record += text }
        for keys in periods {
            for (_, key) in keys.entries {
                for index in 0..<ContentKey.size { record.append(key.key.bytes[index]) }
            }
        }
        try file.replace(with: record.span)
        return held.count - periods.count
    }

    private func parse(_ record: SecretBytes) throws(ParseError) -> [PeriodKeys] {
        var reader = ByteReader(record.span)
        let size = Int(try reader.read(UInt32.self))
        guard size <= reader.remaining else { throw ParseError(.invalid, at: 0, "a part longer than the record") }
        var keyOffset = 4 + size
        var periods: [PeriodKeys] = []
        for _ in 0..<(try reader.read(UInt32.self)) {
            let period = KeyPeriod(try reader.read(UInt64.self), edition: try reader.read(UInt32.self))
            var entries: [(entry: ContractEntry, key: TrackKey)] = []
            let count = Int(try reader.read(UInt16.self))
            for _ in 0..<count {
                let type = try reader.readText()
                let keyID = try reader.readKeyIDBytes()
                let iv = try reader.readBytes(16)
                let signalling = try reader.readSignalling()
                guard keyOffset + ContentKey.size <= record.count,
                    let key = ContentKey(copying: record.span.extracting(keyOffset..<keyOffset + ContentKey.size))
                else { throw ParseError(.truncated, at: keyOffset, "a key is missing") }
                keyOffset += ContentKey.size
                guard let entry = contract.entries.first(where: { $0.intendedTrackType == type }) else { continue }
                entries.append(
                    (entry, TrackKey(keyID: keyID, key: key, constantIV: iv, signalling: signalling)))
            }
            guard entries.map(\.entry) == contract.entries else { continue }
            periods.append(PeriodKeys(period, entries, unencrypted: contract.unencrypted))
        }
        return periods
    }
}

extension ByteWriter {
    fileprivate mutating func write(_ keys: PeriodKeys) {
        write(keys.period.index)
        write(keys.period.edition)
        write(UInt16(clamping: keys.entries.count))
        for (entry, key) in keys.entries {
            write(text: entry.intendedTrackType)
            write(bytes: key.keyID.bytes)
            write(bytes: key.constantIV)
            write(UInt32(clamping: key.signalling.count))
            for (system, signalling) in key.signalling.sorted(by: { $0.key.uuid < $1.key.uuid }) {
                write(bytes: system.id.bytes)
                write(optional: signalling.pssh)
                write(optional: signalling.contentProtectionData.map { Array($0.utf8) })
                write(optional: signalling.keyURI.map { Array($0.utf8) })
                for lines in [signalling.hlsMedia, signalling.hlsMultivariant] {
                    write(UInt32(clamping: lines.count))
                    for line in lines { write(text: line) }
                }
            }
        }
    }

    private mutating func write(text: String) {
        write(UInt32(clamping: text.utf8.count))
        write(bytes: text.utf8)
    }

    private mutating func write(optional bytes: [UInt8]?) {
        write(UInt8(bytes == nil ? 0 : 1))
        write(UInt32(clamping: bytes?.count ?? 0))
        write(bytes: bytes ?? [])
    }
}

extension ByteReader {
    fileprivate mutating func readText() throws(ParseError) -> String {
        guard let text = String(validating: try readLong(), as: UTF8.self) else {
            throw ParseError(.invalid, at: offset, "not UTF-8")
        }
        return text
    }

    fileprivate mutating func readKeyIDBytes() throws(ParseError) -> KeyID {
        guard let id = KeyID(bytes: try readBytes(16)) else { throw ParseError(.invalid, at: offset, "not a KID") }
        return id
    }

    fileprivate mutating func readSignalling() throws(ParseError) -> [DRMSystemID: SystemSignalling] {
        var all: [DRMSystemID: SystemSignalling] = [:]
        for _ in 0..<(try read(UInt32.self)) {
            guard let system = DRMSystemID(parsing: try readKeyIDBytes().hex) else {
                throw ParseError(.invalid, at: offset, "not a system ID")
            }
            var signalling = SystemSignalling(pssh: try readOptional())
            signalling.contentProtectionData = try readOptional().flatMap { String(validating: $0, as: UTF8.self) }
            signalling.keyURI = try readOptional().flatMap { String(validating: $0, as: UTF8.self) }
            signalling.hlsMedia = try readLines()
            signalling.hlsMultivariant = try readLines()
            all[system] = signalling
        }
        return all
    }

    private mutating func readLines() throws(ParseError) -> [String] {
        var lines: [String] = []
        for _ in 0..<(try read(UInt32.self)) { lines.append(try readText()) }
        return lines
    }

    private mutating func readOptional() throws(ParseError) -> [UInt8]? {
        let isThere = try read(UInt8.self) != 0
        let bytes = try readLong()
        return isThere ? bytes : nil
    }

    private mutating func readLong() throws(ParseError) -> [UInt8] { try readBytes(Int(try read(UInt32.self))) }
}
