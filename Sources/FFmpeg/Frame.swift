import CFFmpeg

/// A decoded picture or block of sound. Shared freely between threads: nobody changes it once it is made.
package final class Frame: @unchecked Sendable {  // why: immutable; FFmpeg counts references atomically
    let pointer: UnsafeMutablePointer<AVFrame>

    /// Takes over `pointer`.
    init(owning pointer: UnsafeMutablePointer<AVFrame>) { self.pointer = pointer }

    deinit {
        var pointer: UnsafeMutablePointer<AVFrame>? = pointer
        av_frame_free(&pointer)
    }

    package var width: Int { Int(pointer.pointee.width) }
    package var height: Int { Int(pointer.pointee.height) }
    /// As given with the packet that the frame was decoded from; nil where that had none.
    package var presentationTime: Int64? {
        pointer.pointee.pts == sluice_no_pts ? nil : pointer.pointee.pts
    }
    /// Samples in each channel; 0 for a picture.
    package var sampleCount: Int { Int(pointer.pointee.nb_samples) }
    package var sampleRate: Int { Int(pointer.pointee.sample_rate) }
    package var channels: Int { Int(pointer.pointee.ch_layout.nb_channels) }

    /// The mean of the luma plane of an 8-bit planar picture; nil for anything else.
    package var meanLuma: Int? {
        guard let descriptor = av_pix_fmt_desc_get(AVPixelFormat(pointer.pointee.format)), width > 0, height > 0,
            descriptor.pointee.comp.0.depth == 8, descriptor.pointee.comp.0.step == 1, let luma = pointer.pointee.data.0
        else { return nil }
        let stride = Int(pointer.pointee.linesize.0)
        var sum = 0
        for row in 0..<height {
            for column in 0..<width { sum += Int(luma[row * stride + column]) }
        }
        return sum / (width * height)
    }

    /// What the picture's numbers mean, to be written into what is encoded from it.
    package var colour: Colour {
        Colour(
            primaries: pointer.pointee.color_primaries.rawValue, transfer: pointer.pointee.color_trc.rawValue,
            matrix: pointer.pointee.colorspace.rawValue)
    }
}

/// Colour description by the code points of ISO/IEC 23091-2, clause 8; 2 is "unspecified".
package struct Colour: Sendable, Hashable {
    package var primaries: UInt32
    package var transfer: UInt32
    package var matrix: UInt32

    package init(primaries: UInt32, transfer: UInt32, matrix: UInt32) {
        self.primaries = primaries
        self.transfer = transfer
        self.matrix = matrix
    }

    /// With everything unspecified filled in as players guess it from the height of the *source*: a rung that is
    /// smaller than its source would otherwise be shown with the wrong matrix.
    package func resolved(sourceHeight: Int) -> Colour {
        let guess: UInt32 = sourceHeight >= 720 ? 1 : 6
        return Colour(
            primaries: primaries == 2 || primaries == 0 ? guess : primaries,
            transfer: transfer == 2 || transfer == 0 ? guess : transfer, matrix: matrix == 2 ? guess : matrix)
    }
}
