import Dispatch
package import Files

extension DiskQueue {
    /// One that has all the time: a machine under load is not to be taken for a disk that is late.
    package static var patient: DiskQueue { DiskQueue(patienceMilliseconds: 60_000) }

    /// Lets it do nothing until what this returns is called, which returns when all that was asked meanwhile is done.
    package func standStill() -> () -> Void {
        let gate = DispatchSemaphore(value: 0)
        post { gate.wait() }
        return {
            gate.signal()
            self.finish()
        }
    }
}
