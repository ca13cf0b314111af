/* Written by english_stop_words.py; do not edit.
 * The English stop words of scikit-learn (BSD 3-Clause), which has them from the Glasgow Information
 * Retrieval Group. */
/* clang-format off */
#include "taper/text.h"

static const char bytes[] =
    "aaboutaboveacrossafterafterwardsagainagainstallalmostalonealongalreadyalsoalthoughalwaysamamong"
    "amongstamoungstamountanandanotheranyanyhowanyoneanythinganywayanywherearearoundasatbackbebecame"
    "becausebecomebecomesbecomingbeenbeforebeforehandbehindbeingbelowbesidebesidesbetweenbeyondbill"
    "bothbottombutbycallcancannotcantcoconcouldcouldntcrydedescribedetaildodonedowndueduringeacheg"
    "eighteitherelevenelseelsewhereemptyenoughetcevenevereveryeveryoneeverythingeverywhereexceptfew"
    "fifteenfiftyfillfindfirefirstfiveforformerformerlyfortyfoundfourfromfrontfullfurthergetgivegohad"
    "hashasnthavehehenceherherehereafterherebyhereinhereuponhersherselfhimhimselfhishowhoweverhundred"
    "iieifinincindeedinterestintoisititsitselfkeeplastlatterlatterlyleastlessltdmademanymayme"
    "meanwhilemightmillminemoremoreovermostmostlymovemuchmustmymyselfnamenamelyneithernever"
    "neverthelessnextninenonobodynonenoonenornotnothingnownowhereofoffoftenononceoneonlyontoorother"
    "othersotherwiseouroursourselvesoutoverownpartperperhapspleaseputratherresameseeseemseemedseeming"
    "seemsseriousseveralsheshouldshowsidesincesinceresixsixtysosomesomehowsomeonesomethingsometime"
    "sometimessomewherestillsuchsystemtaketenthanthatthetheirthemthemselvesthenthencetherethereafter"
    "therebythereforethereinthereuponthesetheythickthinthirdthisthosethoughthreethroughthroughoutthru"
    "thustotogethertootoptowardtowardstwelvetwentytwoununderuntilupuponusveryviawaswewellwerewhat"
    "whateverwhenwhencewheneverwherewhereafterwhereaswherebywhereinwhereuponwhereverwhetherwhichwhile"
    "whitherwhowhoeverwholewhomwhosewhywillwithwithinwithoutwouldyetyouyouryoursyourselfyourselves";

static const int64_t offsets[] = {
    0, 1, 6, 11, 17, 22, 32, 37, 44, 47, 53, 58, 63, 70, 74, 82, 88, 90,
    95, 102, 110, 116, 118, 121, 128, 131, 137, 143, 151, 157, 165, 168, 174, 176, 178, 182,
    184, 190, 197, 203, 210, 218, 222, 228, 238, 244, 249, 254, 260, 267, 274, 280, 284, 288,
    294, 297, 299, 303, 306, 312, 316, 318, 321, 326, 333, 336, 338, 346, 352, 354, 358, 362,
    365, 371, 375, 377, 382, 388, 394, 398, 407, 412, 418, 421, 425, 429, 434, 442, 452, 462,
    468, 471, 478, 483, 487, 491, 495, 500, 504, 507, 513, 521, 526, 531, 535, 539, 544, 548,
    555, 558, 562, 564, 567, 570, 575, 579, 581, 586, 589, 593, 602, 608, 614, 622, 626, 633,
    636, 643, 646, 649, 656, 663, 664, 666, 668, 670, 673, 679, 687, 691, 693, 695, 698, 704,
    708, 712, 718, 726, 731, 735, 738, 742, 746, 749, 751, 760, 765, 769, 773, 777, 785, 789,
    795, 799, 803, 807, 809, 815, 819, 825, 832, 837, 849, 853, 857, 859, 865, 869, 874, 877,
    880, 887, 890, 897, 899, 902, 907, 909, 913, 916, 920, 924, 926, 931, 937, 946, 949, 953,
    962, 965, 969, 972, 976, 979, 986, 992, 995, 1001, 1003, 1007, 1010, 1014, 1020, 1027, 1032, 1039,
    1046, 1049, 1055, 1059, 1063, 1068, 1075, 1078, 1083, 1085, 1089, 1096, 1103, 1112, 1120, 1129, 1138, 1143,
    1147, 1153, 1157, 1160, 1164, 1168, 1171, 1176, 1180, 1190, 1194, 1200, 1205, 1215, 1222, 1231, 1238, 1247,
    1252, 1256, 1261, 1265, 1270, 1274, 1279, 1285, 1290, 1297, 1307, 1311, 1315, 1317, 1325, 1328, 1331, 1337,
    1344, 1350, 1356, 1359, 1361, 1366, 1371, 1373, 1377, 1379, 1383, 1386, 1389, 1391, 1395, 1399, 1403, 1411,
    1415, 1421, 1429, 1434, 1444, 1451, 1458, 1465, 1474, 1482, 1489, 1494, 1499, 1506, 1509, 1516, 1521, 1525,
    1530, 1533, 1537, 1541, 1547, 1554, 1559, 1562, 1565, 1569, 1574, 1582, 1592,
};

const tp_strings *tp_english_stop_words(void)
{
    static const tp_strings words = {318, bytes, offsets};
    return &words;
}
