// Package deepstack speaks the protocol of DeepStack and CodeProject.AI Server, which camera software asks for labels.
//
// All requests are POST with a form; the picture is the file in the field image, min_confidence text from 0 to 1.
//
//	/v1/vision/detection, /v1/vision/custom/MODEL   predictions with boxes
//	/v1/vision/custom/list                          names of the detectors
//	/v1/vision/scene                                the best class of the whole picture
//	/v1/vision/face                                 boxes of faces
//	/v1/vision/face/register, recognize, match, list, delete   with a folder of known faces and a model that embeds them
//
// Answers and errors have the fields of both servers. Boxes are whole pixels of the picture that was sent, the best
// first. Without min_confidence the threshold of the model's configuration holds.
package deepstack
