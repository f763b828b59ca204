// Package track follows objects from frame to frame: detections of the same object get the same number.
//
// It is ByteTrack (Zhang et al., "ByteTrack: Multi-Object Tracking by Associating Every Detection Box", ECCV 2022). The
// position of each object is predicted from its motion; detections are assigned to objects by the overlap of the boxes
// (intersection over union, IoU), maximizing the sum over all pairs:
//
//  1. detections with a high score, to all objects, including recently lost ones;
//  2. detections with a low score, to the objects of the last frame without a match: a partly hidden object gets a low
//     score but is still present;
//  3. the remaining high ones, to tentative objects;
//  4. what still remains starts an object, if its score is high enough.
//
// Low detections never start an object, so false ones among them remain unassigned. The task must therefore report
// them: open it with a score threshold of Options.Low, and let Follow drop low detections that are not tracked
// (Options.Show). A limit on the number of results counts them as well.
//
// The motion is a Kalman filter of constant velocity on the box's centre, aspect ratio and height, as in DeepSORT
// (Wojke et al., "Simple Online and Realtime Tracking with a Deep Association Metric", ICIP 2017), with its noise
// parameters, which assume 30 frames per second. This implementation uses real time: a step lasts as long as the time
// between two frames, and the noise grows with it, so that dropped frames and other frame rates need no special case.
//
// Where paper and implementation (github.com/ifzhang/ByteTrack) differ, or this differs from both:
//   - Overlap alone decides, as in the paper. The implementation multiplies it by the score.
//   - Low detections go to objects of the last frame only, as in the implementation.
//   - Overlapping objects are all kept, as in the paper. The implementation drops the younger one, which may
//     be a person who passes behind another.
//   - An object must be found in MinFrames frames in a row before it gets a number, in the first frame too.
//
// What this package exports follows Semantic Versioning.
package track
