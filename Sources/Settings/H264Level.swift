import Media

/// What a level of H.264 allows. ITU-T H.264 (08/2021), table A-1 and clause A.3.3.
struct H264Level {
    /// Level times ten: 41 for 4.1.
    let number: UInt8
    /// Macroblocks a second.
    let maximumRate: UInt64
    /// Macroblocks a picture.
    let maximumSize: UInt64
    /// In units of 1000 bits a second for Baseline and Main, of 1250 for High (VCL).
    let maximumBitrate: UInt64

    static let all: [H264Level] = [
        H264Level(10, 1485, 99, 64), H264Level(11, 3000, 396, 192), H264Level(12, 6000, 396, 384),
        H264Level(13, 11880, 396, 768), H264Level(20, 11880, 396, 2000), H264Level(21, 19800, 792, 4000),
        H264Level(22, 20250, 1620, 4000), H264Level(30, 40500, 1620, 10000), H264Level(31, 108_000, 3600, 14000),
        H264Level(32, 216_000, 5120, 20000), H264Level(40, 245_760, 8192, 20000),
        H264Level(41, 245_760, 8192, 50000), H264Level(42, 522_240, 8704, 50000),
        H264Level(50, 589_824, 22080, 135_000), H264Level(51, 983_040, 36864, 240_000),
        H264Level(52, 2_073_600, 36864, 240_000), H264Level(60, 4_177_920, 139_264, 240_000),
        H264Level(61, 8_355_840, 139_264, 480_000), H264Level(62, 16_711_680, 139_264, 800_000),
    ]

    private init(_ number: UInt8, _ rate: UInt64, _ size: UInt64, _ bitrate: UInt64) {
        self.number = number
        maximumRate = rate
        maximumSize = size
        maximumBitrate = bitrate
    }

    /// `4.1`, `4.0` or `4`; nil for a level that there is not.
    init?(parsing text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), parts.allSatisfy({ $0.utf8.count == 1 }),
            let major = UInt8(parts[0]), let minor = UInt8(parts.count == 2 ? parts[1] : "0"),
            let level = Self.all.first(where: { $0.number == major * 10 + minor })
        else { return nil }
        self = level
    }

    var description: String { "\(number / 10).\(number % 10)" }

    /// Macroblocks of a picture, in each direction.
    private static func macroblocks(_ width: UInt16, _ height: UInt16) -> (width: UInt64, height: UInt64) {
        ((UInt64(width) + 15) / 16, (UInt64(height) + 15) / 16)
    }

    func allowsPicture(width: UInt16, height: UInt16) -> Bool {
        let size = Self.macroblocks(width, height)
        return size.width * size.height <= maximumSize && size.width * size.width <= 8 * maximumSize
            && size.height * size.height <= 8 * maximumSize
    }

    func allowsRate(width: UInt16, height: UInt16, frameRate: FrameRate) -> Bool {
        let size = Self.macroblocks(width, height)
        return size.width * size.height * UInt64(frameRate.numerator) <= maximumRate * UInt64(frameRate.denominator)
    }

    /// Bits a second.
    func bitrateLimit(_ profile: VideoRung.Profile) -> UInt64 {
        switch profile {
        case .baseline, .main: maximumBitrate * 1000
        case .high: maximumBitrate * 1250
        }
    }

    /// The lowest level that holds a rung; nil if none does.
    static func lowest(
        width: UInt16, height: UInt16, frameRate: FrameRate, bitrate: UInt32, profile: VideoRung.Profile
    ) -> H264Level? {
        all.first {
            $0.allowsPicture(width: width, height: height)
                && $0.allowsRate(width: width, height: height, frameRate: frameRate)
                && UInt64(bitrate) <= $0.bitrateLimit(profile)
        }
    }
}
