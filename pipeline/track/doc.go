// Package track follows objects from frame to frame: it gives the detections of the same object the same number.
//
// It is ByteTrack (Zhang et al., "ByteTrack: Multi-Object Tracking by Associating Every Detection Box", ECCV 2022). An
// object is expected where its motion so far takes it; detections are given to objects by how much the boxes overlap
// (intersection over union, IoU), so that the sum over all pairs is the greatest:
//
//  1. detections with a high score, to all objects, those lately lost too;
//  2. detections with a low score, to the objects of the last frame that got none: something that is half hidden gets
//     a low score, and is still there;
//  3. what is left of the high ones, to objects that are not sure yet;
//  4. what is left then starts an object, if its score is high enough.
//
// Low detections never start an object, so the false ones among them are left over. For this to work the task must give
// them: open it with a score threshold of Options.Low, and let Follow drop what is low and not followed (Options.Show).
// A limit on the number of results counts them as well.
//
// The motion is a Kalman filter of constant velocity on the box's middle, aspect and height, as in DeepSORT (Wojke et
// al., "Simple Online and Realtime Tracking with a Deep Association Metric", ICIP 2017), with its noises. They are
// meant for 30 frames a second. Here time is real: a step takes as long as there was between two frames, and the
// noise grows with it, so that dropped frames and cameras of any rate are no special case.
//
// Where paper and implementation (github.com/ifzhang/ByteTrack) differ, or this differs from both:
//   - Overlap alone decides, as in the paper. The implementation multiplies it by the score.
//   - Low detections go to objects of the last frame only, as in the implementation.
//   - Objects that lie on one another are all kept, as in the paper. The implementation drops the younger one, which may
//     be a person who passes behind another.
//   - An object must be found in MinFrames frames in a row before it gets a number, in the first frame too.
//
// What this package exports follows Semantic Versioning.
package track
