package import Files

extension DiskQueue {
    /// One that has all the time: a machine under load is not to be taken for a disk that is late.
    package static var patient: DiskQueue { DiskQueue(patienceMilliseconds: 60_000) }
}
