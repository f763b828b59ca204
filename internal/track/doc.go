// Package track follows objects from frame to frame: detections of the same object get the same number.
//
// It is ByteTrack (Zhang et al., "ByteTrack: Multi-Object Tracking by Associating Every Detection Box", ECCV 2022). The
// position of each object is predicted from its motion; detections are assigned to objects by the overlap of the boxes
// (intersection over union, IoU), maximizing the sum over all pairs:
//
//  1. detections with a high score, to all objects, including recently lost ones;
//  2. the remaining high ones, to objects without a match that expect a box of about this size near by, the further
//     away the longer they were not found: a second look, by motion and size instead of overlap;
//  3. detections with a low score, to the objects of the last frame without a match: a partly hidden object gets a low
//     score but is still present;
//  4. the remaining high ones, to tentative objects;
//  5. what still remains starts an object, if its score is high enough and it is not a duplicate: a second box of an
//     object that was found.
//
// Low detections never start an object, so false ones among them remain unassigned. The task must therefore report
// them: open it with a score threshold of Options.Low, and let Follow drop low detections that are not tracked
// (Options.Show). A limit on the number of results counts them as well.
//
// The motion is a Kalman filter of constant velocity on the box's centre, aspect ratio and height, as in DeepSORT
// (Wojke et al., "Simple Online and Realtime Tracking with a Deep Association Metric", ICIP 2017). This implementation
// uses real time: a step lasts as long as the time between two frames, and the noise grows with it, so that dropped
// frames and other frame rates need no special case. A detection counts the more the higher its score, and less when it
// is far from what is expected. Detections with a number get the filter's box (Options.RawBoxes).
//
// Where there are pictures (Tracker.Look), they say how each object has moved since the last frame: what its box showed is
// found again near by (package flow). That is far more certain than any expectation, so that many detections add up to
// one steady box, gaps between them are bridged, and a camera that moves does no harm; the picture's movement as a whole is
// taken out of the objects' velocities. Who stands behind another object is expected as before, because the picture
// shows the other.
//
// Where paper and implementation (github.com/ifzhang/ByteTrack) differ, or this differs from both:
//   - Overlap alone decides, as in the paper. The implementation multiplies it by the score.
//   - The second look and duplicates are this package's.
//   - The noise is not DeepSORT's: see kalman.go.
//   - Low detections go to objects of the last frame only, as in the implementation.
//   - Of two objects at one place the younger ends after half a second. The paper keeps both; the implementation drops the
//     one that was found in fewer frames at once, which may be a person who passes behind another.
//   - An object must be found in MinFrames frames in a row before it gets a number, in the first frame too.
//   - Pictures are looked at (see below). What objects look like is compared only where there is an embedder
//     (Tracker.Recognize), and only where places do not decide: it changes who an object is, never where it is.
//
// docs/performance.md says how well it tracks, and how to measure that again.
package track
